"""Mappings in each of their states, and what leads to them."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from companies.tests.factories import CompanyFactory, UserFactory
from connectors.tests.factories import RecordFactory
from mapping.models import Mapping, Publication, PublicationLine, Suggestion, SuggestionRun


class SuggestionRunFactory(DjangoModelFactory):
    class Meta:
        model = SuggestionRun

    company = factory.SubFactory(CompanyFactory)
    kind = "vendor"
    state = SuggestionRun.State.DONE


class SuggestionFactory(DjangoModelFactory):
    class Meta:
        model = Suggestion

    company = factory.SubFactory(CompanyFactory)
    run = factory.SubFactory(SuggestionRunFactory, company=factory.SelfAttribute("..company"))
    source = factory.SubFactory(RecordFactory, company=factory.SelfAttribute("..company"))
    target = factory.SubFactory(
        RecordFactory, company=factory.SelfAttribute("..company"), in_ledger=True
    )
    confidence = "0.970"
    reason = "Same name but for the legal form"
    candidates = factory.LazyAttribute(
        lambda row: [{"record": row.target.pk, "score": 0.97, "reasons": [row.reason]}]
    )


class PublicationFactory(DjangoModelFactory):
    class Meta:
        model = Publication

    company = factory.SubFactory(CompanyFactory)
    number = factory.Sequence(lambda n: n + 1)
    by = factory.SubFactory(UserFactory)


class PublicationLineFactory(DjangoModelFactory):
    class Meta:
        model = PublicationLine

    company = factory.SubFactory(CompanyFactory)
    publication = factory.SubFactory(PublicationFactory, company=factory.SelfAttribute("..company"))
    mapping_version = 1
    target = factory.SelfAttribute("mapping.target")


class MappingFactory(DjangoModelFactory):
    """A draft without a suggestion, unless a trait says otherwise."""

    class Meta:
        model = Mapping

    class Params:
        draft = factory.Trait(
            suggestion=factory.SubFactory(
                SuggestionFactory,
                company=factory.SelfAttribute("..company"),
                source=factory.SelfAttribute("..source"),
                target=factory.SelfAttribute("..target"),
            ),
            confidence="0.970",
        )
        decided = factory.Trait(
            decided_by=factory.SubFactory(UserFactory),
            decided_at=factory.LazyFunction(timezone.now),
        )
        accepted = factory.Trait(decided=True, state=Mapping.State.ACCEPTED)
        published = factory.Trait(
            decided=True,
            state=Mapping.State.PUBLISHED,
            publication=factory.SubFactory(
                PublicationFactory, company=factory.SelfAttribute("..company")
            ),
            published_label=factory.LazyAttribute(lambda row: row.target.label),
        )
        no_draft = factory.Trait(state=Mapping.State.NO_DRAFT, target=None)
        left = factory.Trait(decided=True, state=Mapping.State.LEFT)
        no_match = factory.Trait(decided=True, state=Mapping.State.NO_MATCH, target=None)

    company = factory.SubFactory(CompanyFactory)
    kind = factory.LazyAttribute(lambda row: row.source.kind)
    source = factory.SubFactory(RecordFactory, company=factory.SelfAttribute("..company"))
    target = factory.SubFactory(
        RecordFactory, company=factory.SelfAttribute("..company"), in_ledger=True
    )
