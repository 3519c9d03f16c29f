#!/bin/sh
# /usr/local/bin/camd, for root: a command as the service would run it, with its user, its settings and its secrets.
[ -t 0 ] && [ -t 1 ] && how=--pty || how=--pipe
exec systemd-run --quiet --collect --wait "$how" --service-type=exec --uid=camd --gid=camd \
    --property=WorkingDirectory="-$PWD" --property=UMask=0077 \
    --property=LoadCredential=camd:/etc/camd/credentials \
    --property=LoadCredential=camd_hardware_id:/sys/class/dmi/id/product_uuid \
    --property='SetCredential=camd_hardware_id:\n' \
    -- /opt/camd/bin/camd "$@"
