"""The socket `up` serves on."""

import socket

from nocode.setup import listening


def test_answers_in_several_parts_do_not_wait_for_acknowledgements():
    with listening.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _address = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
