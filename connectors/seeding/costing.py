"""The demo contractor's cost codes, with the item and the account a controller would choose.

A heading is a division (code, name, category of its items); a row is
code | name | item | account | trade. Empty item or account: nothing in the books fits. A second
code may share its item with the one above it, as it does where a list has grown for years.
"""

from dataclasses import dataclass

from connectors.seeding.rows import CostCode, Item

COST_CODES = """
= 01 General Requirements | General Conditions
01-010 | Project Management | Project Manager | 5010 | staff
01-020 | Superintendence | Superintendent | 5010 | staff
01-030 | Project Engineer | Project Manager | 5010 | staff
01-045 | Cutting and Patching | Cut & Patch | 5010 | general
01-050 | Field Engineering and Layout | Survey & Layout | 5030 | engineer
01-060 | Permits and Fees | Permits | 5020 | permit
01-070 | Bonds | Bonds | 5025 | insurance
01-075 | Builder's Risk Insurance | Insurance - Job | 5025 | insurance
01-310 | Scheduling | | 5010 |
01-330 | Submittals | | |
01-410 | Testing Laboratory Services | Testing & Inspection | 5020 | engineer
01-510 | Temporary Power | Temp Utilities | 5015 | utility
01-515 | Temporary Water | Temp Utilities | 5015 | utility
01-520 | Temporary Heat | Temp Utilities | 5015 | utility
01-525 | Field Office Trailer | Job Trailer & Toilets | 5015 | rental
01-530 | Sanitary Facilities | Job Trailer & Toilets | 5015 | rental
01-540 | Temporary Fencing | Temp Fence | 5015 | rental
01-545 | Safety and First Aid | Safety | 5010 | supply
01-560 | Traffic Control | Traffic Control | 5010 | rental
01-590 | Equipment Rental | Equipment Rental | 5710 | rental
01-595 | Crane and Hoisting | Crane Time | 5710 | rental
01-598 | Scaffolding | Scaffold Rental | 5710 | rental
01-710 | Progress Cleaning | Cleanup | 5035 | cleaning
01-715 | Dumpsters and Haul Off | Dumpsters | 5035 | hauling
01-720 | Final Cleaning | Cleanup | 5035 | cleaning
01-780 | Closeout Documents | | 5010 |
= 02 Existing Conditions and Sitework | Sitework
02-050 | Building Demolition | Demolition | 5110 | demolition
02-060 | Selective Demolition | Demolition | 5110 | demolition
02-080 | Hazardous Material Abatement | Abatement | 5110 | demolition
02-100 | Clearing and Grubbing | Clear & Grub | 5120 | earthwork
02-200 | Mass Grading | Excavation & Grading | 5120 | earthwork
02-220 | Excavation and Backfill | Excavation & Grading | 5120 | earthwork
02-230 | Aggregate Base | Stone Base | 5120 | earthwork
02-270 | Erosion Control | Silt Fence & Erosion | 5120 | earthwork
02-280 | Soil Treatment | Termite Treatment | 5120 | earthwork
02-350 | Piles and Caissons | Piles | 5120 | earthwork
02-510 | Asphalt Paving | Asphalt & Striping | 5125 | paving
02-520 | Curbs, Gutters and Walks | Curb & Sidewalk | 5125 | paving
02-580 | Pavement Marking | Asphalt & Striping | 5125 | paving
02-610 | Water Distribution | Site Water & Sewer | 5120 | earthwork
02-620 | Sanitary Sewer | Site Water & Sewer | 5120 | earthwork
02-630 | Storm Drainage | Storm Drain | 5120 | earthwork
02-810 | Irrigation | Landscape & Irrigation | 5130 | landscape
02-830 | Fences and Gates | Fencing | 5130 | landscape
02-850 | Site Furnishings | Fencing | 5130 | landscape
02-840 | Retaining Walls | Segmental Walls | 5130 | landscape
02-900 | Landscaping | Landscape & Irrigation | 5130 | landscape
= 03 Concrete | Concrete
03-100 | Concrete Formwork | Forms | 5140 | concrete
03-200 | Concrete Reinforcement | Rebar & Mesh | 5140 | concrete
03-300 | Cast-in-Place Concrete | CIP Concrete | 5140 | concrete
03-310 | Footings and Foundations | Footings | 5140 | concrete
03-320 | Slab on Grade | SOG | 5140 | concrete
03-345 | Concrete Finishing | Place & Finish | 5140 | concrete
03-350 | Concrete Sawing and Coring | Place & Finish | 5140 | concrete
03-400 | Precast Concrete | Precast & Toppings | 5140 | concrete
03-520 | Lightweight Concrete Topping | Precast & Toppings | 5140 | concrete
03-600 | Grout | CIP Concrete | 5140 | concrete
= 04 Masonry | Masonry
04-100 | Mortar and Accessories | Brick & Block | 5150 | masonry
04-210 | Brick Veneer | Brick & Block | 5150 | masonry
04-220 | Concrete Unit Masonry | Brick & Block | 5150 | masonry
04-400 | Stone Veneer | Stone | 5150 | masonry
04-500 | Masonry Restoration | Tuckpointing | 5150 | masonry
= 05 Metals | Metals
05-120 | Structural Steel | Structural Steel | 5160 | steel
05-300 | Steel Erection | Structural Steel | 5160 | steel
05-210 | Steel Joists and Deck | Structural Steel | 5160 | steel
05-400 | Cold Formed Metal Framing | Light Gauge Framing | 5170 | framing
05-500 | Metal Fabrications | Misc Steel | 5160 | steel
05-510 | Metal Stairs | Stairs & Railings | 5160 | steel
05-520 | Handrails and Railings | Stairs & Railings | 5160 | steel
= 06 Wood and Plastics | Carpentry
06-100 | Rough Carpentry | Framing | 5170 | framing
06-110 | Wood Framing | Framing | 5170 | framing
06-115 | Lumber Package | Lumber | 5170 | framing
06-160 | Sheathing | Framing | 5170 | framing
06-175 | Wood Trusses | Trusses | 5170 | framing
06-200 | Finish Carpentry | Trim Carpentry | 5175 | millwork
06-220 | Doors and Trim Installation | Trim Carpentry | 5175 | millwork
06-400 | Architectural Woodwork | Millwork & Cabinets | 5175 | millwork
06-410 | Cabinets | Millwork & Cabinets | 5175 | millwork
06-415 | Countertops | Tops | 5175 | millwork
06-600 | Fiberglass Reinforced Panels | | 5175 | millwork
= 07 Thermal and Moisture Protection | Envelope
07-110 | Dampproofing | Damp & Waterproofing | 5185 | waterproofing
07-140 | Fluid Applied Waterproofing | Damp & Waterproofing | 5185 | waterproofing
07-210 | Building Insulation | Insulation | 5190 | insulation
07-215 | Spray Foam Insulation | Insulation | 5190 | insulation
07-250 | Fireproofing | Spray Fireproofing | 5190 | insulation
07-270 | Air Barriers | Air & Vapor Barrier | 5185 | waterproofing
07-310 | Shingle Roofing | Shingles | 5180 | roofing
07-410 | Metal Wall and Roof Panels | Metal Panels | 5180 | roofing
07-460 | Siding | Siding | 5170 | framing
07-510 | Built-Up Roofing | TPO Roof | 5180 | roofing
07-530 | Membrane Roofing | TPO Roof | 5180 | roofing
07-620 | Flashing and Sheet Metal | Flashing & Gutters | 5180 | roofing
07-630 | Gutters and Downspouts | Flashing & Gutters | 5180 | roofing
07-840 | Firestopping | Firestop | 5190 | insulation
07-900 | Joint Sealants | Caulking | 5185 | waterproofing
= 08 Doors and Windows | Openings
08-110 | Hollow Metal Doors and Frames | Doors & Frames | 5200 | doors
08-210 | Wood Doors | Doors & Frames | 5200 | doors
08-330 | Overhead Coiling Doors | Overhead Doors | 5200 | doors
08-360 | Sectional Overhead Doors | Overhead Doors | 5200 | doors
08-410 | Aluminum Storefront | Storefront | 5205 | glazing
08-440 | Curtain Wall | Storefront | 5205 | glazing
08-500 | Windows | Windows | 5205 | glazing
08-710 | Finish Hardware | Door Hardware | 5200 | doors
08-800 | Glazing | Glass & Mirrors | 5205 | glazing
= 09 Finishes | Finishes
09-200 | Lath and Plaster | Stucco & Plaster | 5210 | drywall
09-250 | Gypsum Board | Drywall | 5210 | drywall
09-300 | Ceramic Tile | Tile | 5220 | flooring
09-400 | Terrazzo | Terrazzo | 5220 | flooring
09-510 | Acoustical Ceilings | ACT Ceilings | 5215 | ceilings
09-550 | Wood Flooring | Hardwood | 5220 | flooring
09-650 | Resilient Flooring | VCT & LVT | 5220 | flooring
09-680 | Carpet | Carpet | 5220 | flooring
09-670 | Fluid Applied Flooring | Epoxy & Coatings | 5225 | painting
09-720 | Wall Coverings | Paint | 5225 | painting
09-900 | Painting | Paint | 5225 | painting
09-960 | High Performance Coatings | Epoxy & Coatings | 5225 | painting
= 10 Specialties | Specialties
10-100 | Visual Display Boards | Misc Specialties | 5230 | specialties
10-150 | Toilet Compartments | Toilet Partitions & Accessories | 5230 | specialties
10-400 | Signage | Signs | 5230 | specialties
10-520 | Fire Extinguishers | Misc Specialties | 5230 | specialties
10-800 | Toilet and Bath Accessories | Toilet Partitions & Accessories | 5230 | specialties
= 11 Equipment | Equipment & Furnishings
11-400 | Food Service Equipment | Kitchen Equipment | 5235 | appliances
11-450 | Residential Appliances | Appliances | 5235 | appliances
= 12 Furnishings | Equipment & Furnishings
12-490 | Window Treatment | Blinds | 5240 | appliances
12-600 | Furniture | | 5240 | appliances
= 13 Special Construction | Fire Protection
13-900 | Fire Suppression | Sprinkler System | 5250 | sprinkler
= 14 Conveying Systems | Conveying
14-200 | Elevators | Elevator | 5245 | elevator
= 15 Mechanical | Mechanical
15-080 | Mechanical Insulation | Pipe & Duct Insulation | 5260 | hvac
15-400 | Plumbing | Plumbing | 5255 | plumbing
15-410 | Plumbing Fixtures | Plumbing | 5255 | plumbing
15-430 | Gas Piping | Plumbing | 5255 | plumbing
15-600 | Refrigeration Equipment | | 5260 | hvac
15-700 | HVAC Equipment | HVAC | 5260 | hvac
15-800 | Air Distribution | HVAC | 5260 | hvac
15-900 | Building Controls | Controls & Balancing | 5260 | hvac
= 16 Electrical | Electrical
16-050 | Electrical Rough-In | Wiring & Gear | 5265 | electrical
16-140 | Wiring Devices | Wiring & Gear | 5265 | electrical
16-400 | Service and Distribution | Wiring & Gear | 5265 | electrical
16-500 | Lighting | Light Fixtures | 5265 | electrical
16-720 | Fire Alarm | Fire Alarm | 5270 | lowvoltage
16-730 | Access Control and Cameras | Data Cabling | 5270 | lowvoltage
16-740 | Voice and Data | Data Cabling | 5270 | lowvoltage
=
1120 | Plans and Blueprints | Plans & Specs | 5030 | engineer
1410 | Impact Fees | Permits | 5020 | permit
2210 | Basement Walls | Footings | 5140 | concrete
3110 | Framing Labor | Framing | 5170 | framing
4120 | Roof Shingles | Shingles | 5180 | roofing
5410 | Interior Trim Package | Trim Carpentry | 5175 | millwork
6210 | Punch Out and Touch Up | Punch List | 5810 | general
6510 | Warranty Reserve | | 5820 |
"""

# Codes that single projects have beside the standard list: project's place, row as above.
PROJECT_COST_CODES = (
    (3, "01-905 | Owner Allowance Reconciliation | | 5810 | general"),
    (3, "09-255 | Gypsum Shaft Wall Assemblies | Drywall | 5210 | drywall"),
    (11, "02-355 | Helical Pier Underpinning | Piles | 5120 | earthwork"),
)

# Items no cost code leads to, as category | item | account.
OTHER_ITEMS = """
General Conditions | Small Tools | 5620
General Conditions | Job Fuel | 5720
General Conditions | Per Diem & Travel | 5010
General Conditions | Contingency | 5810
Sitework | Septic & Well | 5120
Finishes | Epoxy Terrazzo - do not use | 5220
"""


@dataclass(frozen=True)
class CodedCost:
    """A cost code together with its right answers."""

    code: str
    parent_code: str
    name: str
    category: str
    item: str
    account: str
    trade: str


def _row(line: str, parent: str, category: str) -> CodedCost:
    code, name, item, account, trade = (part.strip() for part in line.split("|"))
    return CodedCost(code, parent, name, category, item, account, trade)


def divisions() -> list[CostCode]:
    heads = [line[2:] for line in COST_CODES.splitlines() if line.startswith("= ")]
    names = [head.split("|")[0].strip() for head in heads]
    return [CostCode(code=name[:2], parent_code="", name=name[3:]) for name in names]


def coded_costs() -> list[CodedCost]:
    """Every code that can carry cost."""
    made, parent, category = [], "", ""
    for line in COST_CODES.strip().splitlines():
        if line.startswith("="):
            head, _, category = line[1:].partition("|")
            parent, category = head.strip()[:2], category.strip()
        else:
            made.append(_row(line, parent, category))
    return made


def project_coded_costs() -> list[tuple[int, CodedCost]]:
    return [(place, _row(line, line[:2], "")) for place, line in PROJECT_COST_CODES]


def items(account_ids: dict[str, str]) -> list[Item]:
    """The item list by category; the first cost code of an item decides what it is posted to."""
    wanted = {cost.item: (cost.category, cost.account) for cost in reversed(coded_costs())}
    wanted.update(
        (name.strip(), (category.strip(), account.strip()))
        for category, name, account in (
            line.split("|") for line in OTHER_ITEMS.strip().splitlines()
        )
    )
    wanted.pop("", None)
    categories = list(dict.fromkeys(cost.category for cost in coded_costs() if cost.category))
    ids = {name: str(place + 2) for place, name in enumerate(categories)}
    made = [Item(id=ids[name], name=name, type="Category") for name in categories]
    for place, name in enumerate(sorted(wanted, key=lambda item: (wanted[item][0], item))):
        category, account = wanted[name]
        made.append(
            Item(
                id=str(len(ids) + 2 + place),
                name=name,
                type="NonInventory" if name in ("Lumber", "Light Fixtures") else "Service",
                parent_id=ids.get(category, ""),
                expense_account_id=account_ids[account],
                income_account_id=account_ids["4010"],
                active="do not use" not in name,
            )
        )
    return made
