import pytest
from django.core.management import call_command
from django.core.management.base import CommandError


def test_training_without_the_labelled_sets_says_where_it_looked(tmp_path):
    with pytest.raises(CommandError, match=str(tmp_path)):
        call_command("train_ranker", data=tmp_path)
