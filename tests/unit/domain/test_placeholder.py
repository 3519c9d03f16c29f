from camd.domain.placeholder import placeholder_hash, placeholder_key


def test_the_key_of_a_placeholder_gives_its_hash_back_and_no_other_key_does() -> None:
    assert placeholder_hash(placeholder_key("ab12")) == "ab12"
    assert placeholder_hash("address:ann@acme.com") is None
