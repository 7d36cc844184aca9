"""Lines of the trail, written the way the product writes them."""

from audit import trail
from audit.models import Entry, Verb
from companies.tests.factories import MembershipFactory


def written(company, verb=Verb.COMMENTED, *, by=None, **kwargs):
    """One line about the company itself; the newest entry comes back."""
    trail.record(verb, company, by=by, **kwargs)
    return Entry.objects.filter(company=company).first()


def written_together(company, count, verb=Verb.CHANGED_ROLE, *, by=None, name="vendor Delta {}"):
    """One act over `count` things; the entry that leads it comes back."""
    member = MembershipFactory(company=company)
    changes = [
        trail.Change(member, {"role": "viewer"}, {"role": "controller"}, name=name.format(n))
        for n in range(count)
    ]
    trail.record_all(verb, changes, by=by)
    return Entry.objects.filter(company=company, leads=True).first()
