"""Tools for concurrent work, whatever the work is.

- `deadline`: the time that a request has left, and whether its client is still connected
- `places`: a semaphore with two priorities
- `single_flight`: one look-up for all concurrent callers
- `threads`, `bounded_threads`: threads that exist from the start, and a bounded pool of them
- `background_loop`, `background_jobs`: work that is repeated beside the requests
- `late_imports`: imports of rarely needed modules in a thread
- `freed_memory`: what a thread has freed goes back to the system
"""
