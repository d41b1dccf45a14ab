-- Adds entries to a stream, all or none, and returns their ids in the same order. ARGV holds pairs of
-- an entry's attributes, as the JSON object that they are stored as, and its payload.
local entries, ids = {}, {}
for i = 1, #ARGV, 2 do
  local fields = {'data', ARGV[i + 1]}
  for name, value in pairs(cjson.decode(ARGV[i])) do
    assert(type(value) == 'string', 'an attribute is no string')
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  entries[#entries + 1] = fields
end
-- From here on it is the first of them that fails, or none: a script that has written is not
-- refused for the server's memory, role or disk any more.
for i, fields in ipairs(entries) do
  ids[i] = redis.call('XADD', KEYS[1], '*', unpack(fields))
end
return ids
