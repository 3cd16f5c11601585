import pytest

from groundwork_data.web.hosts import registrable_host


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.bbc.co.uk/news", "bbc.co.uk"),
        ("https://BLOG.example.com:8443/x", "example.com"),
        ("https://someone.github.io/post", "someone.github.io"),
        ("https://github.io/", None),
        ("https://münchen.example.de/", "example.de"),
        ("https://bücher.de/", "xn--bcher-kva.de"),
        ("http://192.0.2.7/feed", "192.0.2.7"),
        ("http://[2001:db8::1]/feed", "2001:db8::1"),
        ("http://localhost/feed", None),
        ("mailto:a@b.example", None),
        ("http://[broken", None),
        ("", None),
    ],
)
def test_the_registrable_host_of_an_address(url: str, host: str | None) -> None:
    assert registrable_host(url) == host
