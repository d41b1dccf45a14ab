-- Adds entries to a stream, all or none, and returns their ids in the same order. ARGV holds pairs of
-- an entry's attributes, as the JSON object that they are stored as, and its payload.
local ids = {}
for i = 1, #ARGV, 2 do
  local fields = {}
  for name, value in pairs(cjson.decode(ARGV[i])) do
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  ids[#ids + 1] = redis.call('XADD', KEYS[1], '*', 'data', ARGV[i + 1], unpack(fields))
end
return ids
