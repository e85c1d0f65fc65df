-- Changes a label of one of the 1,000 streams of 20 tags with a merge patch.
wrk.headers["Content-Type"] = "application/merge-patch+json"
local count = 0
local base = "/apis/image.openshift.io/v1/namespaces/bench/imagestreams/stream-"
function request()
  count = count + 1
  local path = string.format("%s%04d", base, math.random(0, 999))
  return wrk.format("PATCH", path, nil,
    string.format('{"metadata":{"labels":{"count":"c%d"}}}', count))
end
