-- Reads one of the 100,000 tags at a time.
local path = "/apis/image.openshift.io/v1/namespaces/bench/imagestreamtags/stream-%05d:v1.%d"
function request()
  return wrk.format("GET", string.format(path, math.random(0, 9999), math.random(0, 9)))
end
