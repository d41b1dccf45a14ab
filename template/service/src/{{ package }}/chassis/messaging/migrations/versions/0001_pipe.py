"""The pipe's tables: outbox, outbox_sent, inbox, dead_letters, handled_types."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str, comment: str | None = None) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=False,
        server_default=sa.text("now()"),
        comment=comment,
    )


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(),
            nullable=False,
            comment="ce_* fields, as they go on the wire",
        ),
        sa.Column(
            "data",
            sa.Text(),
            nullable=False,
            comment="the payload as JSON, as it goes on the wire",
        ),
        _moment("created_at"),
    )
    op.create_table(
        "outbox_sent",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("id", sa.BigInteger(), nullable=False, comment="the id it had in outbox"),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False, comment="the id Redis gave its entry"),
        sa.Column("attributes", postgresql.JSONB(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _moment("sent_at"),
    )
    op.create_index("outbox_sent_sent_at_event_id_idx", "outbox_sent", ["sent_at", "event_id"])
    op.create_table(
        "inbox",
        sa.Column("handler", sa.Text(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("decided_at"),
        sa.CheckConstraint(
            "state IN ('done', 'dead', 'discarded')", name=op.f("inbox_state_check")
        ),
    )
    op.create_index(
        "inbox_decided_at_idx",
        "inbox",
        ["decided_at"],
        postgresql_where=sa.text("state <> 'dead'"),
    )
    _dead_letters()
    op.create_table(
        "stream_marks",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column(
            "trimmed_below",
            sa.Text(),
            nullable=False,
            comment="the first stream id that was kept",
        ),
    )
    op.create_table(
        "broker_seen",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("server", sa.Text(), nullable=False),
        _moment("seen_at"),
        sa.CheckConstraint("id = 1", name=op.f("broker_seen_one_row_check")),
    )
    op.create_table(
        "handled_types",
        sa.Column("event_type", sa.Text(), primary_key=True),
        _moment("since"),
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("handler", sa.Text(), nullable=False, comment="* where no handler could be told"),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), comment="null where the entry does not name it"),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column(
            "entry",
            postgresql.JSONB(),
            nullable=False,
            comment="the entry's fields; bytes as base64:…",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=False),
        sa.Column(
            "fingerprint", sa.Text(), nullable=False, comment="alike for failures of one cause"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "replays", sa.Integer(), nullable=False, server_default="0", comment="that failed again"
        ),
        sa.Column(
            "started",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="runs of this replay",
        ),
        sa.Column(
            "history",
            postgresql.JSONB(),
            nullable=False,
            server_default="[]",
            comment="earlier failures",
        ),
        sa.Column("state", sa.Text(), nullable=False, server_default="open"),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        _moment("died_at"),
        _moment("failed_at", comment="the last time"),
        _moment("updated_at"),
        sa.CheckConstraint(
            "state IN ('open', 'replay', 'replayed', 'discarded')",
            name=op.f("dead_letters_state_check"),
        ),
    )
    op.create_index(
        "dead_letters_decision_idx", "dead_letters", ["handler", "event_id"], unique=True
    )
    op.create_index(
        "dead_letters_open_idx",
        "dead_letters",
        ["id"],
        postgresql_where=sa.text("state IN ('open', 'replay')"),
    )


def downgrade() -> None:
    for table in (
        "handled_types",
        "broker_seen",
        "stream_marks",
        "dead_letters",
        "inbox",
        "outbox_sent",
        "outbox",
    ):
        op.drop_table(table)
