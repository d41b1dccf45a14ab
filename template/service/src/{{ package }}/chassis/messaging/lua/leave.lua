-- Deletes a consumer that leaves, unless it still holds entries: XGROUP DELCONSUMER would drop
-- them from the pending list, which loses them. Returns 1 if it is gone.
local stream, group, me = KEYS[1], ARGV[1], ARGV[2]
if #redis.call('XPENDING', stream, group, '-', '+', 1, me) > 0 then
  return 0
end
redis.call('XGROUP', 'DELCONSUMER', stream, group, me)
return 1
