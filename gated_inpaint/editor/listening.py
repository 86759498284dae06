"""Connections whose requests come too slowly, or never: they are given up, so that they keep nobody else out.

The web server holds a connection for as long as somebody sends a line of a header now and then. Here a request's headers have to be
complete within some seconds of their beginning; and where more connections wait for that than `MOST_WAITING`, the one that has
waited longest makes room. What comes after the headers, `guard` watches.
"""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_WAITING = 256  # Connections whose headers are not complete.


def patient_protocol(seconds):
    """A protocol class for uvicorn, of one server: a request's headers may take that many seconds."""
    waiting = {}  # {connection: its timer}, from the one that waits longest.

    class PatientProtocol(H11Protocol):
        def connection_made(self, transport):
            super().connection_made(transport)
            self._wait()

        def data_received(self, data):
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._stop_waiting()
            elif self not in waiting:  # The next request on a connection that is kept.
                self._wait()

        def connection_lost(self, exc):
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait(self):
            waiting[self] = self.loop.call_later(seconds, self._give_up)
            if len(waiting) > MOST_WAITING:
                next(iter(waiting))._give_up()

        def _stop_waiting(self):
            timer = waiting.pop(self, None)
            if timer is not None:
                timer.cancel()

        def _give_up(self):
            self._stop_waiting()
            if not self.transport.is_closing():
                self.transport.close()

    return PatientProtocol
