"""Run by Alembic inside the transaction that `camd.store.migrate` has begun; it neither begins nor commits."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
