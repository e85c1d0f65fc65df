-- Creates tags under names that have not been used, in one of the 10,000 streams of 10 tags at a time.
wrk.headers["Content-Type"] = "application/json"
local path = "/apis/image.openshift.io/v1/namespaces/bench/imagestreamtags"
local thread, count = 0, 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init() prefix = string.format("new-%x-%d-", os.time(), id) end
function request()
  count = count + 1
  return wrk.format("POST", path, nil, string.format(
    '{"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"stream-%05d:%s%d"},'
    .. '"tag":{"from":{"kind":"DockerImage","name":"registry.example.com/app:new"},"reference":true}}',
    math.random(0, 9999), prefix, count))
end
