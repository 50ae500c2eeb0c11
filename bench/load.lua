-- One script for every profile. Arguments: file of requests, "queue" or "constant" or "list", first line to use, and the
-- milliseconds that a connection rests between two requests, on the average (0: it never does).
-- A file holds one request a line: method TAB path TAB headers (name: value, joined by U+001F) TAB body.
-- constant: the first line again and again. list: each line once, in order. queue: a line is used, and the refresh token of
-- its answer makes the next request of that chain; "@" in the body stands for it.

local requests, mode, position, queue, head, tail, template

local function split(text, separator)
  local parts, from = {}, 1
  while true do
    local at = string.find(text, separator, from, true)
    if not at then
      parts[#parts + 1] = string.sub(text, from)
      return parts
    end
    parts[#parts + 1] = string.sub(text, from, at - 1)
    from = at + #separator
  end
end

local function build(line)
  local parts = split(line, "\t")
  local headers = {}
  for _, header in ipairs(split(parts[3], "\31")) do
    local name, value = string.match(header, "^([^:]+): (.*)$")
    if name then headers[name] = value end
  end
  local body = parts[4] ~= "" and parts[4] or nil
  return parts[1], parts[2], headers, body
end

function init(arguments)
  mode, position, requests = arguments[2], tonumber(arguments[3] or "1"), {}
  local rest = tonumber(arguments[4] or "0")
  if rest > 0 then
    -- Exponential: the requests of many such connections come as those of strangers do, each at a time of its own.
    delay = function() return -math.log(1 - math.random()) * rest end
  end
  queue, head, tail = {}, 1, 0
  for line in io.lines(arguments[1]) do
    if mode == "queue" then
      local method, path, headers, body = build(line)
      local before, token, after = string.match(body, "^(.*)@(.*)@(.*)$")
      template = {method = method, path = path, headers = headers, before = before, after = after}
      tail = tail + 1
      queue[tail] = token
    else
      requests[#requests + 1] = wrk.format(build(line))
      if mode == "constant" then break end
    end
  end
end

function request()
  if mode == "queue" then
    if head > tail then return wrk.format("GET", "/queue-is-empty") end
    local token = queue[head]
    queue[head] = nil
    head = head + 1
    return wrk.format(template.method, template.path, template.headers, template.before .. token .. template.after)
  end
  local chosen = requests[(position - 1) % #requests + 1]
  if mode ~= "constant" then position = position + 1 end
  return chosen
end

-- wrk reads answers only for a script that defines this; the other modes are faster without.
function response(status, headers, body)
  if mode == "queue" and status == 200 then
    local token = string.match(body, '"refresh_token": ?"([^"]+)"')
    if token then
      tail = tail + 1
      queue[tail] = token
    end
  end
end

function done(summary, latency, _)
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
