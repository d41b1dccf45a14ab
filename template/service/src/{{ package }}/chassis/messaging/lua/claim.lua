-- Takes over pending entries that have been idle long enough: one page of the pending list.
-- Returns {next cursor or '-', {{id, fields, delivery count, candidate}, ... or {id} if trimmed}}.
--
-- An idle entry of any consumer but the reserved one is an orphan: its owner died or stalled.
-- An orphan delivered twice before is a poison candidate, for it may have killed its consumers: at
-- most `candidates` of those are taken, so that two never run side by side and only the culprit's
-- count goes on rising.
-- What I have in hand is none, however late my heartbeat is: taking it would count an attempt.
local stream = KEYS[1]
local group, me, parked, min_idle = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local cursor, free, candidates = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local PAGE = 200

local in_hand = {}
for i = 8, #ARGV do
  in_hand[ARGV[i]] = true
end

local page = redis.call('XPENDING', stream, group, cursor, '+', PAGE)
local taken = {}
for _, pending in ipairs(page) do
  if free == 0 then
    return {cursor, taken}
  end
  local id, owner, idle, deliveries = pending[1], pending[2], pending[3], pending[4]
  local candidate = owner ~= parked and deliveries >= 2
  if idle >= min_idle and not in_hand[id] and (not candidate or candidates > 0) then
    local claimed = redis.call('XCLAIM', stream, group, me, min_idle, id)
    if claimed[1] then
      taken[#taken + 1] = {id, claimed[1][2], deliveries + 1, candidate and 1 or 0}
      free = free - 1
      if candidate then
        candidates = candidates - 1
      end
    else
      taken[#taken + 1] = {id}
    end
  end
  cursor = '(' .. id
end
return {#page < PAGE and '-' or cursor, taken}
