-- Gives a pending entry up on purpose: moves it to the reserved consumer, due again when it has
-- been idle for the visibility timeout. Only while it is still mine: returns 1, else 0.
-- RETRYCOUNT sets the delivery count, which the next claim raises by one.
local stream = KEYS[1]
local group, me, parked, id, idle, deliveries = unpack(ARGV)

local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending or pending[2] ~= me then
  return 0
end
redis.call('XCLAIM', stream, group, parked, 0, id, 'IDLE', idle, 'RETRYCOUNT', deliveries, 'JUSTID')
return 1
