"""The tables of messaging. Their Alembic line is messaging/migrations, apart from the service's."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

VERSION_TABLE = "messaging_version"

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "pk": "%(table_name)s_pkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def _moment(name: str, comment: str | None = None) -> Column[object]:
    return Column(
        name, DateTime(timezone=True), nullable=False, server_default=func.now(), comment=comment
    )


# A row is an event that is not published yet. The id is taken by a writer that already holds
# the lock on its aggregate, so the ids of one aggregate are in the order of its commits.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("attributes", JSONB, nullable=False, comment="ce_* fields, as they go on the wire"),
    Column("data", Text, nullable=False, comment="the payload as JSON, as it goes on the wire"),
    _moment("created_at"),
)

# What went out, and under which id: to find lost writes, and to send events again.
outbox_sent = Table(
    "outbox_sent",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("id", BigInteger, nullable=False, comment="the id it had in outbox"),
    Column("stream", Text, nullable=False),
    Column("stream_id", Text, nullable=False, comment="the id Redis gave its entry"),
    Column("attributes", JSONB, nullable=False),
    Column("data", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    _moment("sent_at"),
    Index(None, "sent_at", "event_id"),
)

# A row is the decision about (handler, event); without one, nothing is decided.
inbox = Table(
    "inbox",
    metadata,
    Column("handler", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    _moment("decided_at"),
    CheckConstraint("state IN ('done', 'dead', 'discarded')", name="state"),
    Index(None, "decided_at", postgresql_where=text("state <> 'dead'")),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("handler", Text, nullable=False, comment="* where no handler could be told"),
    Column("event_id", Uuid, nullable=False),
    Column("event_type", Text, comment="null where the entry does not name it"),
    Column("stream", Text, nullable=False),
    Column("stream_id", Text, nullable=False),
    Column("entry", JSONB, nullable=False, comment="the entry's fields; bytes as base64:…"),
    Column("reason", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, comment="alike for failures of one cause"),
    Column("attempts", Integer, nullable=False),
    Column("replays", Integer, nullable=False, server_default="0", comment="that failed again"),
    Column("started", Integer, nullable=False, server_default="0", comment="runs of this replay"),
    Column("history", JSONB, nullable=False, server_default="[]", comment="earlier failures"),
    Column("state", Text, nullable=False, server_default="open"),
    Column("published_at", DateTime(timezone=True)),
    _moment("died_at"),
    _moment("failed_at", comment="the last time"),
    _moment("updated_at"),
    CheckConstraint("state IN ('open', 'replay', 'replayed', 'discarded')", name="state"),
    Index("dead_letters_decision_idx", "handler", "event_id", unique=True),
    Index("dead_letters_open_idx", "id", postgresql_where=text("state IN ('open', 'replay')")),
)

# Below its mark a stream was trimmed on purpose. The mark is written before the stream is trimmed.
stream_marks = Table(
    "stream_marks",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("trimmed_below", Text, nullable=False, comment="the first stream id that was kept"),
)

# The Redis server that the relay last found complete: behind another one everything is doubted.
broker_seen = Table(
    "broker_seen",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("server", Text, nullable=False),
    _moment("seen_at"),
    CheckConstraint("id = 1", name="one_row"),
)

# What the newest code handles: an older consumer leaves such events to the newer one.
handled_types = Table(
    "handled_types",
    metadata,
    Column("event_type", Text, primary_key=True),
    _moment("since"),
)
