-- Finds what the stream has lost. ARGV holds pairs of a stream id and the ce_id that was written
-- there; after a failover the id may belong to another event. Returns the stream ids without it.
local stream = KEYS[1]
local missing = {}
for i = 1, #ARGV, 2 do
  local entry = redis.call('XRANGE', stream, ARGV[i], ARGV[i])[1]
  local found = false
  for field = 1, entry and #entry[2] or 0, 2 do
    if entry[2][field] == 'ce_id' and entry[2][field + 1] == ARGV[i + 1] then
      found = true
    end
  end
  if not found then
    missing[#missing + 1] = ARGV[i]
  end
end
return missing
