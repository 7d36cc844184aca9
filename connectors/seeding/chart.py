"""The demo contractor's chart of accounts, written by us: number | name | parent's number."""

from connectors.seeding.rows import Account

# One heading per type and sub type; a fourth column says that the account is no longer used.
CHART = """
= Bank / Checking
1010 | Operating Checking |
1020 | Payroll Checking |
= Bank / Savings
1030 | Reserve Savings |
= Bank / CashOnHand
1040 | Petty Cash |
1045 | Petty Cash - Trailer | | inactive
= Accounts Receivable / AccountsReceivable
1100 | Accounts Receivable |
= Other Current Asset / Retainage
1150 | Retainage Receivable |
= Other Current Asset / UndepositedFunds
1190 | Undeposited Funds |
= Other Current Asset / OtherCurrentAssets
1210 | Costs in Excess of Billings |
1220 | Employee Advances |
1230 | Deposits with Vendors |
= Other Current Asset / PrepaidExpenses
1310 | Prepaid Insurance |
1320 | Prepaid Bonds |
= Fixed Asset / Vehicles
1510 | Trucks & Trailers |
= Fixed Asset / MachineryAndEquipment
1520 | Field Equipment |
= Fixed Asset / FurnitureAndFixtures
1530 | Office Furniture |
= Fixed Asset / AccumulatedDepreciation
1590 | Accumulated Depreciation |
= Other Asset / SecurityDeposits
1810 | Yard Lease Deposit |
= Accounts Payable / AccountsPayable
2010 | Accounts Payable (A/P) |
= Credit Card / CreditCard
2110 | Company Card |
2120 | Fuel Card |
= Other Current Liability / OtherCurrentLiabilities
2150 | Retainage Payable |
2210 | Billings in Excess of Costs |
2220 | Accrued Job Costs |
2230 | Customer Deposits |
2240 | Union Dues Payable |
= Other Current Liability / PayrollTaxPayable
2310 | Payroll Taxes Payable |
2320 | Workers Comp Payable |
= Other Current Liability / SalesTaxPayable
2350 | Sales & Use Tax Payable |
= Other Current Liability / LineOfCredit
2410 | Bank Line of Credit |
= Long Term Liability / NotesPayable
2510 | Equipment Loans |
2520 | Truck Loans |
= Equity / OpeningBalanceEquity
3010 | Opening Balance Equity |
= Equity / PartnerContributions
3100 | Members' Contributions |
3200 | Members' Draws |
= Equity / RetainedEarnings
3900 | Retained Earnings |
= Income / ServiceFeeIncome
4010 | Contract Revenue |
4020 | Change Order Revenue |
4030 | Time & Material Revenue |
4040 | Preconstruction Fees |
4090 | Warranty Recoveries |
= Cost of Goods Sold / OtherCostsOfServiceCos
5000 | Job Costs |
5010 | General Conditions | 5000
5015 | Temporary Facilities & Utilities | 5000
5020 | Permits, Fees & Inspections | 5000
5025 | Bonds & Job Insurance | 5000
5030 | Design & Engineering | 5000
5035 | Cleanup & Waste Hauling | 5000
5100 | Trade Costs | 5000
5110 | Demolition & Abatement | 5100
5120 | Earthwork & Site Utilities | 5100
5125 | Paving & Site Concrete | 5100
5130 | Landscape & Fencing | 5100
5140 | Structural Concrete | 5100
5150 | Masonry & Stone | 5100
5160 | Structural & Misc. Steel | 5100
5170 | Framing & Rough Carpentry | 5100
5175 | Finish Carpentry & Casework | 5100
5180 | Roofing & Sheet Metal | 5100
5185 | Waterproofing & Sealants | 5100
5190 | Insulation & Fireproofing | 5100
5200 | Doors, Frames & Hardware | 5100
5205 | Glass, Glazing & Windows | 5100
5210 | Drywall & Plaster | 5100
5215 | Acoustical Ceilings | 5100
5220 | Tile & Flooring | 5100
5225 | Painting & Wallcovering | 5100
5230 | Specialties & Signage | 5100
5235 | Appliances & Equipment | 5100
5240 | Furnishings & Window Treatment | 5100
5245 | Elevators & Lifts | 5100
5250 | Fire Sprinkler | 5100
5255 | Plumbing | 5100
5260 | HVAC | 5100
5265 | Electrical | 5100
5270 | Low Voltage & Fire Alarm | 5100
5290 | Pre-2020 Subcontracts | 5100 | inactive
= Cost of Goods Sold / CostOfLaborCos
5510 | Field Labor | 5000
5520 | Field Labor Burden | 5000
5530 | Subcontract Labor, Unclassified | 5000
= Cost of Goods Sold / SuppliesMaterialsCogs
5610 | Job Materials, General | 5000
5620 | Small Tools & Consumables | 5000
= Cost of Goods Sold / EquipmentRentalCos
5710 | Equipment Rental | 5000
5720 | Job Fuel | 5000
= Cost of Goods Sold / OtherCostsOfServiceCos
5810 | Other Job Costs | 5000
5820 | Warranty Work | 5000
= Expense / PayrollExpenses
6010 | Office Salaries |
6020 | Estimating Salaries |
6030 | Payroll Taxes - Office |
6040 | Health Insurance |
= Expense / RentOrLeaseOfBuildings
6110 | Office Rent |
6120 | Yard Rent |
= Expense / Utilities
6130 | Office Utilities |
6140 | Telephone & Internet |
= Expense / Auto
6210 | Truck Fuel & Repairs |
= Expense / EquipmentRental
6220 | Equipment Rental - Shop |
= Expense / Insurance
6310 | General Liability Insurance |
6320 | Auto Insurance |
= Expense / LegalProfessionalFees
6410 | Legal Fees |
6420 | Accounting Fees |
= Expense / OfficeGeneralAdministrativeExpenses
6510 | Office Supplies |
6520 | Software Subscriptions |
6530 | Plan Printing |
6540 | Licenses & Dues |
= Expense / AdvertisingPromotional
6610 | Marketing |
= Expense / BankCharges
6710 | Bank Charges |
= Other Income / InterestEarned
7010 | Interest Income |
= Other Income / OtherMiscellaneousIncome
7020 | Scrap & Salvage Income |
= Other Expense / OtherMiscellaneousExpense
8010 | Interest Expense |
8020 | Loss on Disposal |
"""


def accounts() -> list[Account]:
    """The chart with ids; a parent always stands before its children."""
    made: list[Account] = []
    ids: dict[str, str] = {}
    kind = sub_type = ""
    for line in CHART.strip().splitlines():
        if line.startswith("="):
            kind, sub_type = (part.strip() for part in line[1:].split("/"))
            continue
        number, name, parent, *unused = (part.strip() for part in line.split("|"))
        ids[number] = str(31 + 2 * len(made))
        made.append(
            Account(
                id=ids[number],
                number=number,
                name=name,
                type=kind,
                sub_type=sub_type,
                parent_id=ids[parent] if parent else "",
                active=not unused,
            )
        )
    return made
