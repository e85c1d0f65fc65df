-- Applies a label and a tag to one of the 1,000 streams of 20 tags.
wrk.headers["Content-Type"] = "application/apply-patch+yaml"
local count = 0
local base = "/apis/image.openshift.io/v1/namespaces/bench/imagestreams/stream-"
function request()
  count = count + 1
  local name = string.format("%04d", math.random(0, 999))
  local body = string.format('{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"stream-%s",'
    .. '"labels":{"applied":"a%d"}},"spec":{"tags":[{"name":"applied","from":{"kind":"DockerImage",'
    .. '"name":"registry.example.com/app:applied"},"reference":true}]}}', name, count)
  return wrk.format("PATCH", base .. name .. "?fieldManager=bench&force=true",
    nil, body)
end
