-- What easelfs asks for one picture, as wrk sends it: a submit, a look at a task, a download; in turn.
-- mix.lua is given: the API's host and port by wrk, and KEY, TASK and FILE (paths) by the environment.

local key, task, file = os.getenv("KEY"), os.getenv("TASK"), os.getenv("FILE")
local order = '{"model":"gemini-3.1-flash-image-preview","prompt":"a picture of a load test","n":1}'
local headers = { ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json" }
local requests, turn = {}, 0

function init()
	requests[1] = wrk.format("POST", "/v1/images/generations", headers, order)
	requests[2] = wrk.format("GET", "/v1/images/generations/" .. task, headers)
end

function request()
	turn = turn % 2 + 1
	return requests[turn]
end
