"""Lua script by which Redis judges an attempt, with the rules of `app.security.limit_rules`.

Redis runs scripts one at a time, so no attempt comes between reading and writing. The time is
Redis's. A count is a hash: `w` is the current window, `c` and `p` are the attempts in it and in
the previous one, `s` is the back-off level, `b` is the time until which attempts are refused.
"""

import hashlib
import math
from collections.abc import Sequence

from app.security.limit_rules import Attempt, Rule

SCRIPT = """
local mode, is_right, clears = ARGV[1], ARGV[2] == '1', ARGV[3] == '1'
local tries = tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local ENDLESS = 1e300

local function read(key)
  local row = redis.call('HMGET', key, 'w', 'c', 'p', 's', 'b')
  return { w = tonumber(row[1] or 0), c = tonumber(row[2] or 0), p = tonumber(row[3] or 0),
           s = tonumber(row[4] or 0), b = tonumber(row[5] or 0) }
end

local function copy(count)
  return { w = count.w, c = count.c, p = count.p, s = count.s, b = count.b }
end

local function write(rule, key, count)
  local lasts = 2 * rule.window
  if rule.window == ENDLESS then
    lasts = math.max(rule.memory, count.b - now)
  elseif count.s > 0 then
    lasts = math.max(0, count.b - now) + rule.memory
  end
  redis.call('HSET', key, 'w', string.format('%.0f', count.w), 'c', count.c, 'p', count.p,
             's', count.s, 'b', string.format('%.6f', count.b))
  redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(lasts * 1000)))
end

local function clamped(rule, count)
  local latest = now + (rule.longest > 0 and rule.longest or 2 * rule.window)
  if count.b > latest then
    count.b = latest
    count.changed = true
  end
  return count
end

local function slid(rule, count)
  local window = math.floor(now / rule.window)
  if window > count.w then
    count.p = window == count.w + 1 and count.c or 0
    count.c = 0
    count.w = window
  end
  return count
end

local function passed(rule, count)
  return math.min(1, math.max(0, now / rule.window - count.w))
end

local function delay(rule, strikes)
  return math.min(rule.shortest * 2 ^ math.min(strikes - 1, 60), rule.longest)
end

local function room(rule, count)
  local needed
  if count.c + 1 <= rule.free then
    needed = 1 - (rule.free - 1 - count.c) / math.max(count.p, 1)
  else
    needed = 2 - (rule.free - 1) / count.c
  end
  local wait = math.max(0, needed - passed(rule, count)) * rule.window
  return wait > 0 and wait or rule.window / rule.free
end

-- Returns the seconds to wait and the counts to write, each with its key.
local function tried(rule, count_key, turns_key)
  local has_turns = turns_key ~= count_key
  local known = clamped(rule, read(count_key))
  local count = slid(rule, copy(known))
  local turns = has_turns and clamped(rule, read(turns_key)) or nil
  local changes = {}
  if known.changed then changes[#changes + 1] = { rule, count_key, known } end
  if turns and turns.changed then changes[#changes + 1] = { rule, turns_key, turns } end
  local wait = (turns or count).b - now
  if wait > 0 then return wait, changes end
  local weight = count.p * (1 - passed(rule, count)) + count.c
  if count.s == 0 and weight + 1 <= rule.free + 1e-6 then
    if not is_right then
      count.c = count.c + 1
      changes[#changes + 1] = { rule, count_key, count }
    end
    return 0, changes
  end
  if rule.longest == 0 then return room(rule, count), changes end
  if mode == 'wait' then return 0, changes end
  local turn = turns or count
  turn.s = turn.s + 1
  local seconds = delay(rule, turn.s)
  turn.b = now + seconds
  if turns then
    count.s = 1
    changes[#changes + 1] = { rule, turns_key, turn }
  end
  changes[#changes + 1] = { rule, count_key, count }
  return turn.s == 1 and seconds or 0, changes
end

local longest, allowed, refused = 0, {}, {}
for number = 1, tries do
  local at = 4 + (number - 1) * 6
  local rule = { free = tonumber(ARGV[at + 1]), window = tonumber(ARGV[at + 2]),
                 shortest = tonumber(ARGV[at + 3]), longest = tonumber(ARGV[at + 4]),
                 memory = tonumber(ARGV[at + 5]), cleared = ARGV[at + 6] == '1' }
  local count_key, turns_key = KEYS[2 * number - 1], KEYS[2 * number]
  local wait, changes = tried(rule, count_key, turns_key)
  if wait > longest then longest = wait end
  local into = wait > 0 and refused or allowed
  for _, change in ipairs(changes) do into[#into + 1] = change end
  if wait == 0 and is_right and clears and rule.cleared then
    into[#into + 1] = { rule, count_key }
    into[#into + 1] = { rule, turns_key }
  end
end
if mode == 'take' then
  for _, change in ipairs(longest > 0 and refused or allowed) do
    if change[3] then write(change[1], change[2], change[3]) else redis.call('DEL', change[2]) end
  end
  if longest == 0 and is_right and clears then
    for number = 2 * tries + 1, #KEYS do redis.call('DEL', KEYS[number]) end
  end
end
return string.format('%.6f', longest)
"""
SCRIPT_DIGEST = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
ENDLESS = "1e300"


def keys_of(attempts: Sequence[Attempt], *, prefix: str) -> list[str]:
    """Return two keys for each attempt, of its count and of its back-off, which may be the same."""
    return [f"{prefix}:{key}:count" for counted in attempts for key in _digests(counted)]


def arguments_for(
    mode: str, attempts: Sequence[Attempt], *, is_right: bool, clears: bool
) -> list[str]:
    flags = [mode, _flag(is_right), _flag(clears), str(len(attempts))]
    return flags + [argument for counted in attempts for argument in _arguments_of(counted.rule)]


def _arguments_of(rule: Rule) -> list[str]:
    window = ENDLESS if math.isinf(rule.window) else repr(rule.window)
    seconds = (rule.shortest_delay, rule.longest_delay, rule.memory)
    return [str(rule.free), window, *map(repr, seconds), _flag(rule.is_cleared_by_success)]


def _flag(is_set: bool) -> str:
    return "1" if is_set else "0"


def _digests(each: Attempt) -> tuple[str, str]:
    """Return digests only, because names identify users and IP addresses."""
    count = _digest(each.rule.name, each.name)
    if each.backoff_key is None:
        return count, count
    return count, _digest(f"{each.rule.name} turns", each.backoff_key)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
