# Parses configurations with supervisord's own parser: prints a JSON line {"section": {"option": value or
# null}} for each file named, and null for a file that it refuses. A value is null where it cannot be
# expanded.
import json
import sys
import warnings

warnings.simplefilter('ignore')
from supervisor import options  # noqa: E402

parser = None
parsed = False


class Recorded(options.UnhosedConfigParser):
    def __init__(self, *args, **kwargs):
        global parser
        super().__init__(*args, **kwargs)
        parser = self

    def getdefault(self, *args, **kwargs):
        global parsed
        parsed = True
        return super().getdefault(*args, **kwargs)


options.UnhosedConfigParser = Recorded


def value(section, option, names):
    try:
        return parser.saneget(section, option, expansions=names)
    except ValueError:
        return None


for path in sys.argv[1:]:
    parsed = False
    server = options.ServerOptions()
    server.configfile = path
    try:
        server.process_config_file(False)
    except ValueError:
        pass  # What it says of values is none of a parser's business.
    names = {'here': server.here, 'host_node_name': options.platform.node()}
    read = {section: {option: value(section, option, names) for option in parser.options(section)} for section in parser.sections()}
    print(json.dumps(read if parsed else None))
