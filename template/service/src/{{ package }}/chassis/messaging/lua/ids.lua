-- The ids of the entries in a range, up to a number of them; their fields may be large, and stay.
local ids = {}
for i, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
  ids[i] = entry[1]
end
return ids
