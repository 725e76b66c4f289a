"""`fercompare serve`."""

import re

import click

from fercompare.cli.faces import face_options

UNITS = {"": 1, "K": 2**10, "M": 2**20}
MOST = 64 * 2**20


class Bytes(click.ParamType):
    """A number of bytes, such as 500K or 20M."""

    name = "bytes"

    def convert(self, value, param, ctx):
        """Return the number, or refuse what is none."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,9})([KM]?)", value.upper())
        number = int(found[1]) * UNITS[found[2]] if found else 0
        if not 0 < number <= MOST:
            self.fail(f"{value!r} is no size such as 500K or 20M, up to 64M", param)
        return number


@click.command()
@click.argument(
    "models",
    nargs=-1,
    metavar="[MODEL]...",
    type=click.Path(exists=True, dir_okay=False),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to take.")
@click.option(
    "--allow-network",
    is_flag=True,
    help="Let other machines send pictures, as other values of --host do.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 takes any that is free.",
)
@face_options
@click.option(
    "--most-bytes",
    type=Bytes(),
    default="20M",
    show_default=True,
    help="Of a picture's file.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def serve(models, host, allow_network, port, detector, most_bytes, opens, **crop):
    """Show a page where models look at the same faces, side by side.

    It takes a picture or the camera, and shows every MODEL's answer for every face,
    where they disagree, and where each looked. Without a MODEL it is the network that
    comes with the package. Nothing is stored, and only this machine is answered.

    The address of the page is printed on standard output; Ctrl-C ends it. Programs
    send a picture's bytes: curl --data-binary @picture.jpg ADDRESS/faces answers in
    json, and GET ADDRESS/models says what is loaded.
    """
    from fercompare.serving.guard import is_local

    if not is_local(host) and not allow_network:
        raise click.UsageError(
            f"--host {host} lets everyone in the network send pictures, unencrypted; "
            "add --allow-network if that is meant"
        )
    from fercompare.faces.detectors import make_detector
    from fercompare.faces.notice import NOTICE
    from fercompare.faces.recognition import Recognizer
    from fercompare.serving.panel import Panel
    from fercompare.serving.server import Server

    finder = make_detector(detector)
    panel = Panel([Recognizer(path, **crop) for path in models or [None]], finder)
    click.echo(NOTICE, err=True)
    if not is_local(host):
        warning = f"everyone who can reach {host} can send pictures to this machine"
        click.echo(f"warning: {warning}", err=True)
    try:
        with Server(panel, host, port, most_bytes=most_bytes) as server:
            click.echo(server.address)
            click.echo(f"faces found by {finder.name}; Ctrl-C ends it", err=True)
            if opens:
                click.launch(server.address)
            server.serve_forever()
    except KeyboardInterrupt:
        click.echo("ended", err=True)
