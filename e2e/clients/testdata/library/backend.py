# A build backend without dependencies, since the tests reach no package index.
import zipfile

INFO = "library-1.0.0.dist-info"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "library-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("library.py", "")
        wheel.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: library\nVersion: 1.0.0\n")
        wheel.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{INFO}/RECORD", "")
    return name
