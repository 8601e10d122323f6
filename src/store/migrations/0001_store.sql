-- The tables behind src/store/d1. Times are milliseconds since 1970. A migration that has been applied
-- is never edited: what changes comes as the next number, and only adds, because the Worker that is
-- deployed and the one that comes run over the same tables for a moment.

-- `position` orders the lists: it rises with every mail, as the time of creation need not.
CREATE TABLE mails (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  message_id TEXT NOT NULL,
  token TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  scheduled_at INTEGER,
  status TEXT NOT NULL,
  turn INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  in_doubt INTEGER NOT NULL DEFAULT 0,
  -- An attempt may have sent it without knowing; stays, whatever later attempts come to.
  may_be_sent INTEGER NOT NULL DEFAULT 0,
  -- Of whoever wrote last that an attempt began or ended: a call whose answer was lost knows itself by it.
  nonce TEXT,
  check_at INTEGER,
  -- When it became final; it is forgotten so long after that.
  settled_at INTEGER,
  facts TEXT NOT NULL,
  owed TEXT,
  relay TEXT,
  reply TEXT
);
CREATE INDEX mails_by_token ON mails (token);
CREATE INDEX mails_by_age ON mails (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX mails_to_check ON mails (check_at) WHERE check_at IS NOT NULL;

-- What a later attempt sends. Apart, so that whoever lists mails does not read it.
CREATE TABLE bodies (
  mail TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

-- The text of mails whose text the journal is to keep. Apart for the same reason.
CREATE TABLE texts (
  mail TEXT PRIMARY KEY,
  text TEXT,
  html TEXT
) WITHOUT ROWID;

CREATE TABLE events (
  mail TEXT NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (mail, number)
) WITHOUT ROWID;

CREATE TABLE claims (
  scope TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  -- Of the mails, as the first request under the key named them.
  ids TEXT NOT NULL,
  -- Of whoever works on it now: the ids that this request brought.
  holder TEXT NOT NULL,
  lease_until INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  answer_status INTEGER,
  answer_body TEXT
) WITHOUT ROWID;
CREATE INDEX claims_by_expiry ON claims (expires_at);

CREATE TABLE suppressions (
  address TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  note TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
