from django.urls import path

from sync.views import bill, bills, creating, first, overview, runs, teams

app_name = "sync"
BILL = "bills/<int:pk>/"
HOLD = BILL + "records/<int:record>/"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("bills/", bills.bills, name="bills"),
    path("bills/judging/", bills.judged, name="judging"),
    path("bills/export/", bills.export, name="export"),
    path("bills/send-all/", bills.send_all, name="send-all"),
    path(BILL, bill.bill, name="bill"),
    path(BILL + "history/", bill.history, name="bill-history"),
    path(BILL + "paid/", bill.paid, name="bill-paid"),
    path(BILL + "send/", bill.send, name="send"),
    path(BILL + "send-again/", bill.send_again, name="send-again"),
    path(BILL + "link/", bill.link, name="link"),
    path(BILL + "approve/", bill.approve, name="approve"),
    path(BILL + "reject/", bill.reject, name="reject"),
    path(HOLD + "accept/", bill.accept, name="accept"),
    path(HOLD + "publish/", bill.publish, name="publish"),
    path(HOLD + "choose/", bill.choose, name="choose"),
    path("records/<int:pk>/create/", creating.create, name="create"),
    path("creations/<int:pk>/", creating.creation, name="creation"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/stop/", runs.stop, name="stop"),
    path("pull/", runs.pull_all, name="pull"),
    path("connections/<int:pk>/pull/", runs.pull, name="pull"),
    path("settings/connections/set-up/pull/", first.first_pull, name="first-pull"),
    path("settings/connections/set-up/drafts/", first.first_drafts, name="first-drafts"),
    path("settings/projects/", teams.teams, name="teams"),
    path("settings/projects/<int:pk>/assign/", teams.assign, name="assign"),
    path("settings/projects/<int:pk>/take-off/", teams.take_off, name="take-off"),
]
