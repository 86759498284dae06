"""The editor: a photo in the browser, a brush over what should go, done; and the same server as an HTTP API.

  options      what the command takes: what to open, weights, where it listens, limits
  completing   bytes of a photo and of a mask -> a completed picture, as `gated-inpaint complete` makes it
  worker       one thread, a bounded queue, cancellation, how long things take
  photos       the photos held in memory, and what became of them: patches, one a result
  selection    the object under a click or in a box; a photo's edges as a sketch to start from
  guard        what is refused before anything is read: foreign pages, names, uploads that are too large or too slow
  listening    connections whose headers do not come
  problems     errors as RFC 9457 has them
  metrics      counts and seconds in Prometheus' text form
  openapi      the API's description
  server       the routes, and the server itself
  page/        the page: HTML, CSS and ES modules, as they are

`gated-inpaint edit` runs it. Nothing here knows a network by name, and the page asks no other host for anything.
"""
