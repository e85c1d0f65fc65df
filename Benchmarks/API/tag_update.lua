-- Changes an annotation of one of the 100,000 tags with a merge patch.
wrk.headers["Content-Type"] = "application/merge-patch+json"
local path = "/apis/image.openshift.io/v1/namespaces/bench/imagestreamtags/stream-%05d:v1.%d"
local count = 0
function request()
  count = count + 1
  return wrk.format("PATCH", string.format(path, math.random(0, 9999), math.random(0, 9)), nil,
    string.format('{"metadata":{"annotations":{"count":"c%d"}}}', count))
end
