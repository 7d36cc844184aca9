"""The smallest true company, and people in it."""

import factory
from factory.django import DjangoModelFactory

from companies.models import Company, CompanySettings, Membership, Role, User

PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@acme.test")
    name = factory.Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class, *args, password=PASSWORD, **kwargs):
        return model_class.objects.create_user(*args, password=password, **kwargs)


class CompanySettingsFactory(DjangoModelFactory):
    class Meta:
        model = CompanySettings

    company = factory.SubFactory("companies.tests.factories.CompanyFactory", settings=None)


class CompanyFactory(DjangoModelFactory):
    """`CompanyFactory(settings__approval_amount=500)` sets what the company has decided."""

    class Meta:
        model = Company
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Acme Builders {n}")
    slug = factory.Sequence(lambda n: f"acme-{n}")

    settings = factory.RelatedFactory(CompanySettingsFactory, factory_related_name="company")


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    class Params:
        admin = factory.Trait(role=Role.ADMIN)
        controller = factory.Trait(role=Role.CONTROLLER)
        accountant = factory.Trait(role=Role.ACCOUNTANT)
        project_manager = factory.Trait(role=Role.PROJECT_MANAGER)
        viewer = factory.Trait(role=Role.VIEWER)

    company = factory.SubFactory(CompanyFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.CONTROLLER
