"""A small builder on both sandboxes, and hands to work it: pull, publish, send, look in the books.

Everything goes over real HTTP to sandboxes on loopback; "the worker" is the task function itself,
called here so that a test decides when it runs.
"""

import csv
import json
from datetime import timedelta
from decimal import Decimal

import requests
from django.utils import timezone

from common.choices import RecordKind, Side, System
from companies.models import Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors import registry
from connectors.procore.sandbox import ProcoreSandbox
from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.sandboxing import serve
from connectors.tests.conftest import signed_in
from mapping import drafting, publishing, reviewing
from mapping.models import Mapping
from sync import pulling, sending, tasks
from sync.models import Bill, PullStep, Push

PROCORE = {
    "company": "id,name\n8089,Harbor Ridge Builders",
    "vendors": """id,name,trade_name,city,state,active
11,Keystone Concrete LLC,,Salem,OR,true
12,"O'Dell & Sons: Drywall ""Pros"" #1",,Salem,OR,true
13,Nowhere Supply,,Salem,OR,true""",
    "projects": """id,number,name,city,state,stage,active
21,26-001,Alder Street Clinic,Salem,OR,Course of Construction,true
22,26-002,Birch Court Homes,Salem,OR,Course of Construction,true""",
    "cost_codes": """code,parent_code,name
03,,Concrete
03-300,03,Cast-in-Place Concrete
09,,Finishes
09-250,09,Gypsum Board""",
    "cost_types": "id,code,name,base_type\n31,S,Subcontract,commitment\n32,M,Material,materials",
    "commitments": """id,type,number,title,project_id,vendor_id,status,retainage_percent,contract_date
41,subcontract,SC-1,Concrete,21,11,Approved,10.0,2026-07-01""",
    "commitment_lines": """id,commitment_id,position,code,cost_type_id,description,amount
51,41,1,03-300,31,Foundations,50000.00""",
    "requisitions": """id,commitment_id,number,invoice_number,billing_date,period_start,period_end,status
61,41,1,KC-100,2026-08-31,2026-08-01,2026-08-31,approved""",
    "requisition_items": """requisition_id,commitment_line_id,work_this_period,stored_now,retained_this_period,released_this_period,stored_retained
61,51,12000.33,0.00,1200.03,0.00,0.00""",
    "direct_costs": """id,project_id,vendor_id,type,status,date,invoice_number,description,terms,amount
71,21,12,invoice,approved,2026-09-02,D-7,Board,Net 30,
72,22,12,invoice,approved,2026-09-03,D-8,Board,Net 30,
73,22,13,invoice,approved,2026-09-04,N-1,Nails,Net 30,""",
    "direct_cost_lines": """id,direct_cost_id,position,code,cost_type_id,description,amount
81,71,1,09-250,32,Boards,1999.99
82,71,2,03-300,32,Anchors,0.01
83,72,1,09-250,32,Boards,250.10
84,73,1,09-250,32,Nails,17.20""",
}
QUICKBOOKS = {
    "company": "id,name,book_close_date,warn_duplicate_bill_number,class_tracking,projects_enabled,"
    "use_account_numbers\n9130,Harbor Ridge Builders Inc,2026-06-30,true,none,true,true",
    "vendors": """id,display_name,company_name,city,state,active
101,Keystone Concrete,Keystone Concrete LLC,Salem,OR,true
102,"ODell and Sons Drywall Pros",,Salem,OR,true
103,Keystone Masonry,,Salem,OR,true""",
    "customers": """id,display_name,parent_id,is_project,active
201,Alder Health,,false,true
202,26-001 Alder Street Clinic,201,true,true
203,26-002 Birch Court Homes,201,true,true""",
    "accounts": """id,number,name,type,sub_type,parent_id,active
301,5100,Concrete,Cost of Goods Sold,SuppliesMaterialsCogs,,true
302,5200,Drywall,Cost of Goods Sold,SuppliesMaterialsCogs,,true
303,2100,Retainage Payable,Other Current Liability,OtherCurrentLiabilities,,true
304,2000,Accounts Payable (A/P),Accounts Payable,AccountsPayable,,true
305,4000,Revenue,Income,ServiceFeeIncome,,true
306,1010,Checking,Bank,Checking,,true
307,1900,Company card,Credit Card,CreditCard,,true""",
    "items": """id,name,type,parent_id,expense_account_id,income_account_id,active
401,Concrete work,Service,,301,305,true""",
}
# What a careful controller chooses: (kind, source's external id) to the ledger's external id.
ANSWERS = {
    (RecordKind.VENDOR, "11"): (RecordKind.VENDOR, "101"),
    (RecordKind.VENDOR, "12"): (RecordKind.VENDOR, "102"),
    (RecordKind.PROJECT, "21"): (RecordKind.PROJECT, "202"),
    (RecordKind.PROJECT, "22"): (RecordKind.PROJECT, "203"),
    (RecordKind.COST_CODE, "03-300"): (RecordKind.ACCOUNT, "301"),
    (RecordKind.COST_CODE, "09-250"): (RecordKind.ACCOUNT, "302"),
}


class World:
    def __init__(self, folder, settings, *, procore=PROCORE, quickbooks=QUICKBOOKS):
        self.settings = settings
        self.procore = serve(ProcoreSandbox(seed=_written(folder / "procore", procore)))
        self.quickbooks = serve(
            QuickBooksOnlineSandbox(seed=_written(folder / "quickbooks", quickbooks))
        )
        settings.PROCORE = {
            **settings.PROCORE, "login_url": self.procore.url, "api_url": self.procore.url,
        }  # fmt: skip
        settings.QUICKBOOKS_ONLINE = {
            **settings.QUICKBOOKS_ONLINE,
            "authorize_url": f"{self.quickbooks.url}/connect/oauth2",
            "token_url": f"{self.quickbooks.url}/oauth2/v1/tokens/bearer",
            "revoke_url": f"{self.quickbooks.url}/v2/oauth2/tokens/revoke",
            "api_url": self.quickbooks.url,
        }
        self.company = CompanyFactory(name="Harbor Ridge", slug="harbor")
        self.controller = self._member("Dana Ruiz", Role.CONTROLLER)
        self.admin = self._member("Priya Shah", Role.ADMIN)
        # Nobody is asked for news here, but by the tests that are about it.
        asked = timezone.now() + timedelta(minutes=1)
        self.source = signed_in(System.PROCORE, company=self.company, hooks_set_at=asked)
        self.ledger = signed_in(
            System.QUICKBOOKS_ONLINE, company=self.company, external_company_id="9130"
        )

    def stop(self):
        self.procore.stop()
        self.quickbooks.stop()

    # --- What the worker does ---------------------------------------------------------------

    def pull(self, *sides):
        """Pull one side, or the ledger and then the source, step by step to the end."""
        runs = []
        for side in sides or (Side.LEDGER, Side.SOURCE):
            connection = self.ledger if side == Side.LEDGER else self.source
            run = pulling.start(connection, by=self.admin)
            self.finish_pull(run)
            run.refresh_from_db()
            runs.append(run)
        return runs

    def finish_pull(self, run):
        for _ in range(200):
            step = run.steps.filter(
                state__in=[PullStep.State.WAITING, PullStep.State.RUNNING]
            ).first()
            if step is None:
                return
            PullStep.objects.filter(pk=step.pk).update(due_at=timezone.now())
            tasks.pull_step(step.pk)
        raise AssertionError("the pull does not come to an end")

    def work(self, push, times=1):
        """Let a worker take the next step with a push, as if its moment had come."""
        for _ in range(times):
            Push.objects.filter(pk=push.pk, due_at__isnull=False).update(
                due_at=timezone.now() - timedelta(seconds=1)
            )
            tasks.push(push.pk)
        push.refresh_from_db()
        return push

    def let_lease_run_out(self, push):
        Push.objects.filter(pk=push.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    def let_time_pass(self, push, **ago):
        """Move what the push remembers into the past, as if so much time had gone by."""
        shift = timedelta(**ago)
        row = Push.objects.get(pk=push.pk)
        for name in ("first_sent_at", "last_sent_at", "looked_at"):
            if value := getattr(row, name):
                setattr(row, name, value - shift)
        row.save()

    # --- What people do -----------------------------------------------------------------------

    def map_all(self, *, but=()):
        """Accept what a careful controller would, except for these external ids, and publish."""
        for (kind, source_id), (target_kind, target_id) in ANSWERS.items():
            if source_id not in but:
                self.decide(kind, source_id, target_kind, target_id)
        if self.company.mappings.accepted().exists():
            publishing.publish(self.company, by=self.controller)
        self.name_retainage_account()

    def decide(self, kind, source_id, target_kind, target_id):
        source, target = self.record(kind, source_id), self.target(target_kind, target_id)
        mapping = Mapping.objects.filter(source=source).first()
        if mapping is None or mapping.state != Mapping.State.PUBLISHED:
            return reviewing.override(source, target, by=self.controller)
        return mapping

    def name_retainage_account(self):
        settings = self.company.settings
        settings.retainage_account = self.target(RecordKind.ACCOUNT, "303")
        settings.save()

    def send(self, bill):
        return sending.send(bill, by=self.controller)

    def ready_bill(self, number="KC-100"):
        """Everything is pulled and published, and this bill can go."""
        self.pull()
        self.map_all()
        return self.bill(number)

    # --- What is where ------------------------------------------------------------------------

    def record(self, kind, external_id):
        return self.source.records.get(kind=kind, external_id=external_id)

    def target(self, kind, external_id):
        return self.ledger.records.get(kind=kind, external_id=external_id)

    def mapping(self, kind, external_id):
        return Mapping.objects.get(source=self.record(kind, external_id))

    def bill(self, number):
        return Bill.objects.select_related("company__settings").get(
            company=self.company, number=number
        )

    def books(self):
        """The bills in the ledger: id, number, vendor, total and our key."""
        rows = requests.get(f"{self.quickbooks.url}/_sandbox/bills", timeout=5)
        return json.loads(rows.text, parse_float=Decimal)

    def fault(self, side, **fault):
        served = self.quickbooks if side == Side.LEDGER else self.procore
        requests.post(f"{served.url}/_sandbox/faults", json=fault, timeout=5).raise_for_status()

    def change(self, entity, external_id, action, **body):
        """Change something in QuickBooks by hand: rename, move, merge, inactivate …"""
        url = f"{self.quickbooks.url}/_sandbox/{entity}/{external_id}/{action}"
        requests.post(url, json=body, timeout=5).raise_for_status()

    def add(self, entity, **body):
        """Enter a new row in QuickBooks by hand; its id."""
        answer = requests.post(f"{self.quickbooks.url}/_sandbox/{entity}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json()["Id"]

    def enter_bill(self, *, vendor, number, date, amount, account):
        """Enter a bill in QuickBooks by hand, as its bookkeeper does."""
        kind = "AccountBasedExpenseLineDetail"
        line = {
            "Amount": float(amount),
            "DetailType": kind,
            kind: {"AccountRef": {"value": account}},
        }
        body = {
            "VendorRef": {"value": vendor},
            "DocNumber": number,
            "TxnDate": date,
            "Line": [line],
        }
        granted = requests.post(f"{self.quickbooks.url}/_sandbox/connect", timeout=5).json()
        requests.post(
            f"{self.quickbooks.url}/v3/company/9130/bill",
            json=body,
            headers={"Authorization": f"Bearer {granted['access_token']}"},
            timeout=5,
        ).raise_for_status()

    def pay(self, bills, **how):
        """Pay bills in QuickBooks by hand: {id: amount, or None for all that is open}."""
        said = {"bills": bills, **how}
        answer = requests.post(f"{self.quickbooks.url}/_sandbox/pay", json=said, timeout=5)
        answer.raise_for_status()
        return answer.json()["Id"]

    def client(self, side):
        connection = self.ledger if side == Side.LEDGER else self.source
        return registry.open_client(connection)

    def draft(self, kind):
        """Let a worker do the drafting of one kind that the pull has asked for."""
        drafting.draft(drafting.start(self.company, kind, by=None))

    def close_tool(self, project_id, tool):
        url = f"{self.procore.url}/_sandbox/closed_projects/{project_id}/{tool}"
        requests.put(url, timeout=5).raise_for_status()

    def open_tool(self, project_id, tool):
        url = f"{self.procore.url}/_sandbox/closed_projects/{project_id}/{tool}"
        requests.delete(url, timeout=5).raise_for_status()

    def delete_in_source(self, table, key):
        url = f"{self.procore.url}/_sandbox/rows/{table}/{key}"
        requests.delete(url, timeout=5).raise_for_status()

    def edit_source(self, table, *rows):
        url = f"{self.procore.url}/_sandbox/rows/{table}"
        requests.post(url, json=list(rows), timeout=5).raise_for_status()

    def _member(self, name, role):
        return MembershipFactory(company=self.company, user__name=name, role=role).user


def _written(folder, files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
        list(csv.reader(text.splitlines()))
    return folder


POST_BILL = {"method": "POST", "path": "/v3/company/*/bill"}
QUERY = {"method": "GET", "path": "/v3/company/*/query"}
