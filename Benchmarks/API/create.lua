-- Creates image streams under names that have not been used.
wrk.headers["Content-Type"] = "application/json"
local thread, count = 0, 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init() prefix = string.format("new-%x-%d-", os.time(), id) end
function request()
  count = count + 1
  local body = string.format('{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"%s%d"},'
    .. '"spec":{"tags":[{"name":"latest","from":{"kind":"DockerImage","name":"registry.example.com/app:latest"},"reference":true}]}}',
    prefix, count)
  return wrk.format("POST", nil, nil, body)
end
