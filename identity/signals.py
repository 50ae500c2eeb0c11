"""What this package tells the rest of the house. Receivers live above; nothing here imports them."""

from django.dispatch import Signal

# sender: LoginSession class; session, request, again: whether the sign-in was there before and somebody proved more in it
session_started = Signal()
# sender: LoginSession class; sessions: the sids that ended, user, reason
session_ended = Signal()
# sender: LoginSession class; session, changes, ended, now: it was used from so many networks lately that it may have been copied
session_moved = Signal()
# sender: User class; user, reason
user_disabled = Signal()
# sender: User class; user
user_enabled = Signal()
# sender: User class; user, fact (a three-part event name), request: anything a person changed about their account
account_changed = Signal()
# sender: User class; user, due: the person asked for the end of their account, which comes then
deletion_requested = Signal()
# sender: User class; user: they came back in time
deletion_cancelled = Signal()
# sender: User class; user: nobody can sign in as them any more; their rows go next. In the transaction of that fact
person_leaves = Signal()
# sender: User class; user: all their rows are gone but the last
person_erased = Signal()
# sender: Invitation class; invitation: a command invited somebody
person_invited = Signal()
# sender: User class; user (None for somebody new): the service that knows stolen passwords did not answer, so one was let through
password_unchecked = Signal()
# sender: User class; credentials (without the password), request: too many wrong passwords, this one was not judged
guessing_blocked = Signal()
# sender: User class; user (None when the address opens nothing), request: somebody asked for a sign-in code by mail
code_mailed = Signal()
# sender: User class; user (as above), request: a code that was mailed was typed wrong
code_refused = Signal()
# sender: User class; user (who owns the address already, else None), request: somebody began to sign up with a passkey
sign_up_begun = Signal()
# sender: User class; user (as above), request, reason (optional): somebody who signs up with a passkey was turned away
sign_up_refused = Signal()
# sender: User class; request: so many passwords wait to be hashed that this one was not looked at
password_postponed = Signal()
# sender: Upstream class; upstream (a slug), reason, detail, request: a sign-in by a provider was refused
upstream_refused = Signal()
# sender: Upstream class; upstream (a slug), created: a command set a provider up or changed it
upstream_changed = Signal()
