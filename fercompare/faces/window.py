"""A window that shows pictures: the only home of tkinter."""

from fercompare.decoding import fit
from fercompare.errors import DataError

SHARE_OF_SCREEN = 0.85
QUIT_KEYS = ("q", "escape")


class NoWindow(DataError):
    """There is nothing to open a window on."""


class Window:
    """Shows one picture after the other and tells which keys were pressed.

    Larger pictures are shrunk to fit the screen.

    Parameters
    ----------
    title : str

    Attributes
    ----------
    is_closed : bool
        By its button, by q or by Esc.

    Raises
    ------
    NoWindow
        If there is no display, or no tkinter.
    """

    def __init__(self, title):
        try:
            import tkinter
        except ImportError as error:
            remedy = "install Python's tkinter, such as the package python3-tk"
            raise NoWindow(
                "there is no tkinter to open a window with", remedy=remedy
            ) from error
        try:
            self.root = tkinter.Tk()
        except tkinter.TclError as error:
            raise NoWindow(
                f"there is no display to open a window on ({error})"
            ) from error
        self.is_closed, self._pressed = False, []
        self.root.title(title)
        self.root.protocol("WM_DELETE_WINDOW", self._close)
        self.root.bind("<Key>", self._on_key)
        self._image = tkinter.PhotoImage(master=self.root)
        tkinter.Label(self.root, image=self._image, borderwidth=0).pack()
        self._line = tkinter.Label(self.root, anchor="w")
        self._line.pack(fill="x")

    def __enter__(self):
        """Return the window itself."""
        return self

    def __exit__(self, *_):
        """Take the window away."""
        self.root.destroy()

    def show(self, picture, line):
        """Show a picture, and a line of text under it.

        Parameters
        ----------
        picture : uint8 array of shape (h, w, 3)
        line : str
        """
        picture = self._fitting(picture)
        height, width = picture.shape[:2]
        header = f"P6 {width} {height} 255\n".encode()
        self._image.configure(data=header + picture.tobytes(), format="PPM")
        self._line.configure(text=line)

    def pressed(self):
        """Return the keys pressed since the last call, and keep the window alive."""
        self.root.update()
        pressed, self._pressed = self._pressed, []
        return pressed

    def _fitting(self, picture):
        height, width = picture.shape[:2]
        scale = min(
            1.0,
            SHARE_OF_SCREEN * self.root.winfo_screenwidth() / width,
            SHARE_OF_SCREEN * self.root.winfo_screenheight() / height,
        )
        shape = [max(1, int(scale * side)) for side in (height, width)]
        return fit(picture, shape, color=True)

    def _on_key(self, event):
        key = event.keysym.lower()
        if key in QUIT_KEYS:
            self._close()
        else:
            self._pressed.append(key)

    def _close(self):
        self.is_closed = True
