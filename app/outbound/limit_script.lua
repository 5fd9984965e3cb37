-- Redis judges an attempt. Redis runs scripts one at a time, so no attempt comes between reading and
-- writing, and the time is Redis's.
--
-- KEYS: two for each attempt, of its count and of its back-off, which may be the same; then those to
-- forget. ARGV: the request as JSON; see limit_script.py.

-- Generated from app/security/limit_algorithm.py by `make limit-script`; edit it there.
local NOTHING = { window = 0, current = 0, previous = 0, backoff_level = 0, blocked_until = 0 }

local function replace(record, changes)
  local copy = {}
  for name, value in pairs(record) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

local function choose(condition, value, other)
  if condition then return value else return other end
end

local ROUNDING = 1e-06
local count_attempt, remaining_wait, tried, wait_for, lasts, _wait_for_room, _delay, _clamped, _longest, _slid, _weight, _passed

-- Set the next counts; return the seconds to wait, and whether the success clears counts.
count_attempt = function(states, now, is_right, clears)
  local is_cleared, longest
  longest = 0.0
  for _, state in ipairs(states) do
    state.next_count, state.next_backoff, state.wait = tried(state.rule, state.count, state.backoff, now, is_right)
    longest = math.max(longest, state.wait)
  end
  is_cleared = is_right and clears and longest == 0.0
  for _, state in ipairs(states) do
    if longest > 0.0 and state.wait == 0.0 then
      state.next_count = state.count
      state.next_backoff = state.backoff
    end
    if is_cleared and state.rule.is_cleared_by_success then
      state.next_count = NOTHING
      state.next_backoff = NOTHING
    end
  end
  return longest, is_cleared
end

-- Return the seconds until an attempt is allowed, without counting it.
remaining_wait = function(states, now)
  local longest
  longest = 0.0
  for _, state in ipairs(states) do
    longest = math.max(longest, wait_for(state.rule, state.count, state.backoff, now))
  end
  return longest
end

-- Return the counts after one more attempt, and the seconds until it is allowed: zero for now.
tried = function(rule, count, backoff, now, is_right)
  local backoff_level, clamped, delay, delayed, next_backoff, slid, wait
  clamped = _clamped(rule, count, now)
  slid = _slid(rule, clamped, now)
  if backoff ~= nil then
    backoff = _clamped(rule, backoff, now)
  end
  delayed = choose(backoff == nil, slid, backoff)
  wait = (delayed.blocked_until - now)
  if wait > 0.0 then
    return clamped, backoff, wait
  end
  if slid.backoff_level == 0 and (_weight(rule, slid, now) + 1) <= (rule.free + ROUNDING) then
    if is_right then
      return clamped, backoff, 0.0
    end
    return replace(slid, { current = (slid.current + 1) }), backoff, 0.0
  end
  if rule.longest_delay == 0.0 then
    return clamped, backoff, _wait_for_room(rule, slid, now)
  end
  backoff_level = (delayed.backoff_level + 1)
  delay = _delay(rule, backoff_level)
  wait = choose(backoff_level == 1, delay, 0.0)
  if backoff == nil then
    return replace(slid, { backoff_level = backoff_level, blocked_until = (now + delay) }), nil, wait
  end
  next_backoff = replace(backoff, { backoff_level = backoff_level, blocked_until = (now + delay) })
  return replace(slid, { backoff_level = 1 }), next_backoff, wait
end

-- Return the seconds until an attempt is allowed under one rule, without counting it.
wait_for = function(rule, count, backoff, now)
  local _, delayed, remaining, wait
  if rule.longest_delay == 0.0 then
    _, _, wait = tried(rule, count, backoff, now, true)
    return wait
  end
  delayed = choose(backoff == nil, count, backoff)
  remaining = (delayed.blocked_until - now)
  return choose(0.0 < remaining and remaining <= _longest(rule), remaining, 0.0)
end

-- Return for how many seconds from now a count has to be stored.
lasts = function(rule, count, now)
  if rule.is_cumulative then
    return math.max(rule.memory, (count.blocked_until - now))
  end
  if count.backoff_level > 0 then
    return (math.max(0.0, (count.blocked_until - now)) + rule.memory)
  end
  return (2 * rule.window)
end

-- Return the seconds until an attempt is free.
_wait_for_room = function(rule, count, now)
  local needed, wait
  if (count.current + 1) <= rule.free then
    needed = (1.0 - (((rule.free - 1) - count.current) / math.max(count.previous, 1)))
  else
    needed = (2.0 - ((rule.free - 1) / count.current))
  end
  wait = (math.max(0.0, (needed - _passed(rule, count, now))) * rule.window)
  return choose(wait > 0.0, wait, (rule.window / rule.free))
end

_delay = function(rule, backoff_level)
  return math.min((rule.shortest_delay * (2.0 ^ math.min((backoff_level - 1), 60))), rule.longest_delay)
end

-- Limit a delay to the longest one from now, in case a clock was set back.
_clamped = function(rule, count, now)
  local latest
  latest = (now + _longest(rule))
  if count.blocked_until <= latest then
    return count
  end
  return replace(count, { blocked_until = latest })
end

_longest = function(rule)
  return choose(rule.longest_delay > 0.0, rule.longest_delay, (2 * rule.window))
end

-- Move the count to the current window, unless its window lies in the future.
_slid = function(rule, count, now)
  local previous, window
  window = math.floor((now / rule.window))
  if window <= count.window then
    return count
  end
  previous = choose(window == (count.window + 1), count.current, 0)
  return replace(count, { window = window, previous = previous, current = 0 })
end

_weight = function(rule, count, now)
  return ((count.previous * (1.0 - _passed(rule, count, now))) + count.current)
end

-- Return the elapsed part of the window of a count, from 0 to 1.
_passed = function(rule, count, now)
  return math.min(1.0, math.max(0.0, ((now / rule.window) - count.window)))
end
-- End of the generated part.

-- In Redis a count is a hash with shorter names.
local function read(key)
  local row = redis.call('HMGET', key, 'w', 'c', 'p', 's', 'b')
  return { window = tonumber(row[1] or 0), current = tonumber(row[2] or 0),
           previous = tonumber(row[3] or 0), backoff_level = tonumber(row[4] or 0),
           blocked_until = tonumber(row[5] or 0) }
end

-- A count that is the same table as before was not counted, and need not be stored.
local function write(key, rule, before, after, now)
  if after == NOTHING then
    redis.call('DEL', key)
  elseif after ~= before then
    redis.call('HSET', key, 'w', string.format('%.0f', after.window), 'c', after.current,
               'p', after.previous, 's', after.backoff_level,
               'b', string.format('%.6f', after.blocked_until))
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(lasts(rule, after, now) * 1000)))
  end
end

local request = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local states = {}
for number, rule in ipairs(request.rules) do
  local key, backoff_key = KEYS[2 * number - 1], KEYS[2 * number]
  states[number] = { rule = rule, count = read(key),
                     backoff = backoff_key ~= key and read(backoff_key) or nil }
end

if request.only_reads then return string.format('%.6f', remaining_wait(states, now)) end

local wait, is_cleared = count_attempt(states, now, request.is_right, request.clears)
for number, state in ipairs(states) do
  write(KEYS[2 * number - 1], state.rule, state.count, state.next_count, now)
  if state.backoff then
    write(KEYS[2 * number], state.rule, state.backoff, state.next_backoff, now)
  end
end
if is_cleared then
  for number = 2 * #states + 1, #KEYS do redis.call('DEL', KEYS[number]) end
end
return string.format('%.6f', wait)
