"""django-machina on Django and SQLite, behind gunicorn: a Python forum as it is installed by its own documents.

One board with one topic of twenty posts, whose first page is read by somebody who is not signed in.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path
from machina import MACHINA_MAIN_STATIC_DIR, MACHINA_MAIN_TEMPLATE_DIR

POSTS = 20
_APPS = (
    "forum", "forum_conversation", "forum_conversation.forum_attachments", "forum_conversation.forum_polls",
    "forum_feeds", "forum_moderation", "forum_search", "forum_tracking", "forum_member", "forum_permission",
)  # fmt: skip
urlpatterns: list[Any] = []


def configure(database: str) -> None:
    """Set Django up on this file, as machina's guide says; templates and sessions are cached as in production."""
    folder = Path(database).parent
    settings.configure(
        SECRET_KEY="not a secret: " + "x" * 50,
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        STATIC_URL="/static/",
        MEDIA_ROOT=str(folder),
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
            "django.contrib.staticfiles", "mptt", "haystack", "widget_tweaks", "machina",
            *(f"machina.apps.{name}" for name in _APPS),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "machina.apps.forum_permission.middleware.ForumPermissionMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [MACHINA_MAIN_TEMPLATE_DIR],
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.contrib.auth.context_processors.auth", "django.template.context_processors.request",
                "django.template.context_processors.static", "django.contrib.messages.context_processors.messages",
                "machina.core.context_processors.metadata",
            ]},
        }],
        STATICFILES_DIRS=[MACHINA_MAIN_STATIC_DIR],
        CACHES={
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "machina_attachments": {
                "BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(folder / "cache"),
            },
        },
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        MACHINA_DEFAULT_AUTHENTICATED_USER_FORUM_PERMISSIONS=["can_see_forum", "can_read_forum"],
        LOGGING_CONFIG=None,
    )  # fmt: skip
    django.setup()


def fill() -> str:
    """Make the tables, the board and its topic, and return the topic's address."""
    call_command("migrate", verbosity=0)
    # Known only once Django is set up.
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from machina.apps.forum.models import Forum  # noqa: PLC0415
    from machina.apps.forum_conversation.models import Post, Topic  # noqa: PLC0415
    from machina.apps.forum_permission.models import ForumPermission, UserForumPermission  # noqa: PLC0415

    author = get_user_model().objects.create_user("ada", "ada@forum.test", "password")
    board = Forum.objects.create(name="Plants", type=Forum.FORUM_POST)
    for name in ("can_see_forum", "can_read_forum"):
        permission = ForumPermission.objects.get(codename=name)
        UserForumPermission.objects.create(permission=permission, anonymous_user=True, has_perm=True)
    topic = Topic.objects.create(
        forum=board, subject="Leaves", poster=author, type=Topic.TOPIC_POST, status=Topic.TOPIC_UNLOCKED, approved=True
    )
    for number in range(POSTS):
        text = f"Post {number}: " + "water leaf root soil light pot seed bloom " * 3
        Post.objects.create(topic=topic, poster=author, subject="Leaves", content=text, approved=True)
    return f"/forum/{board.slug}-{board.pk}/topic/{topic.slug}-{topic.pk}/"


def main() -> None:
    """Serve on the port that is given, with one process; the address of the topic goes to the file that is given."""
    port, database, told = sys.argv[1:4]
    configure(database)
    urlpatterns.append(path("", include("machina.urls")))
    Path(told).write_text(fill(), encoding="ascii")
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
        def load_config(self) -> None:
            self.cfg.set("bind", f"127.0.0.1:{port}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", 8)
            self.cfg.set("loglevel", "warning")

        def load(self) -> Any:
            return get_wsgi_application()

    Server().run()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
