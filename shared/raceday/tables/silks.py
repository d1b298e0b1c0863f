"""Table `jockey-silks`: each distinct silk, described and drawn."""

from raceday.tables.base import Column, Table, flag, index, long_text, moment, varchar, whole

ID = "jockey-silks"

TABLE = Table(
    ID,
    (
        varchar(50, "silkId", "Id made of the description, also the row's id.", required=True),
        varchar(30, "primaryColor", "Main colour of the body."),
        varchar(30, "secondaryColor", "Second colour."),
        varchar(30, "pattern", "Pattern of the body, in the client's words."),
        varchar(100, "patternDetail", "Exact pattern of the body, the first that a person sees."),
        varchar(100, "name", "Description in short."),
        varchar(500, "iconUrl", "Address of the drawn icon, a PNG of 64 by 64 pixels."),
        varchar(500, "iconUrl128", "Address of the same icon of 128 by 128 pixels."),
        varchar(255, "jockeyName", "Jockey who wears it, null where several do."),
        varchar(10, "hex", "Main colour as #rrggbb."),
        varchar(20, "rgb", "Main colour as r, g, b."),
        flag("isLight", "Whether dark text is read better on it."),
        long_text("svgData", "The drawing, SVG."),
        varchar(500, "description", "Description as the feed writes it."),
        varchar(500, "pictureUrl", "The feed's picture that was compared."),
        varchar(255, "pictureTag", "Version of that picture."),
        whole("drawingVersion", "Version of the drawing's rules."),
        Column("detail", "text", about="How each part was read, a JSON object."),
        varchar(255, "unknownWords", "Words of the description that were not understood."),
        moment("lastUpdated", "When another column last changed."),
    ),
    (index("jockeyName"), index("primaryColor")),
    "One distinct silk.",
)
