"""What the demo company calls its jobs, and the names a matcher is to stumble over."""

# ruff: noqa: E501  a table is read across

# Written by hand: what a name can contain. Procore name | trade name | ledger name | trade.
SPECIAL_NAMES = """
O'Shaughnessy & Daughters Painting, Inc. | | OShaughnessy & Daughters Painting | painting
"Big Red" Ubben Demolition Co. | | Big Red Ubben Demolition | demolition
Peña Hermanos Concreto, LLC | | PENA HERMANOS CONCRETO | concrete
Müller & Gößling Fliesen Tile | | Mueller & Goessling Tile | flooring
Brøndum Timber Frames LLC | | Brondum Timber Frames | framing
Shop #77 Welding & Fab | | Shop No. 77 Welding and Fabrication | steel
D'Angelo-Whitcombe Terrazzo & Tile | | D Angelo Whitcombe Terrazzo & Tile | flooring
A & B #2 Septic / Excavating | | A&B #2 Septic-Excavating | earthwork
Côté Vitrerie - Glass & Glazing | | COTE GLASS & GLAZING | glazing
Zabriskie 100% Dry Waterproofing | | Zabriskie One Hundred Percent Dry | waterproofing
Patenaude Roofing (North Region) | | Patenaude Roofing - North Region | roofing
St. Cyr & St. Onge Masonry | | Saint Cyr & Saint Onge Masonry | masonry
Moonlight Holdings of Uvalde, LLC | Moonlight Electric | MOONLIGHT ELECTRIC | electrical
K.C. & Sunquist dba Sunquist Air | Sunquist Air | Sunquist Heating and Air | hvac
Confederated Caulking, Sealant & Building Envelope Restoration Contractors of Delmar Valley LLC\
 | | Confederated Caulking & Sealant - Lower Delmar Valley | waterproofing
"""

# number | Procore name | owner | ledger name (blank: none) | project or job | what could be mistaken for it
JOBS = """
25-014 | Tamarack Medical Office Building | Sweetgrass Health Partners | 25-014 Tamarack MOB | project | 25-041 Tamarack MOB Parking
25-018 | Elkhorn Middle School Addition | Elkhorn Consolidated School District | Elkhorn MS Addition (25-018) | project | Elkhorn MS Gym Floor
25-021 | Redbud Crossing Apartments - Bldg A | Redbud Crossing Residential LP | Redbud Crossing Apts Bldg A | project | Redbud Crossing Apts Bldg B
25-022 | Redbud Crossing Apartments - Clubhouse | Redbud Crossing Residential LP | REDBUD CROSSING CLUBHOUSE | project | Redbud Crossing Pool
25-027 | Fire Station No. 6 | City of Windmill Springs | Fire Sta. #6 | job | Fire Sta. #9
25-030 | Ostrander Dental TI | Ostrander Family Dental | Ostrander Dental T.I. | project | Ostrander Dental - Warranty
25-033 | Harbor Light Distribution Center | Harbor Light Logistics | 25033 Harbor Light DC | project | 24033 Harbor Light DC Phase 1
25-036 | Saint Brendan Parish Hall Renovation | Saint Brendan Parish | St. Brendan Hall Reno | project | St Brendan School Roof
26-002 | Cottonwood Public Library | City of Windmill Springs | Library - Cottonwood Branch | project | Library - Canebrake Branch
26-003 | Mesquite Flats Water Reclamation Lab | Mesquite Flats Utility District | Mesquite Flats WRF Laboratory | project | Mesquite Flats WRF Headworks
26-005 | Quail Run Retail Shell | Quail Run Development Group | 26-005 - Quail Run Shell Building | project | Quail Run Pad 3
26-006 | Hinojosa Residence | Hinojosa, Delia & Ramon | 418 Overlook Ct | job | Hinojosa Guest House
26-008 | Birchwood Assisted Living - Phase 2 | Birchwood Senior Communities | Birchwood AL Ph 2 | project | Birchwood AL Ph 1
26-009 | Lantern Hill Hotel Lobby Refresh | Lantern Hill Hospitality | Lantern Hill Lobby | project | Lantern Hill Guestrooms
26-011 | County Annex Elevator Modernization | Salt Fork County | Courthouse Annex Elevator Mod. | project | Courthouse Annex Roof
26-012 | Iron Gate Brewery Expansion | Iron Gate Brewing | Iron Gate Brewry Expansion | project | Iron Gate Taproom
26-014 | Palmetto Charter Academy | Palmetto Charter Schools | Palmetto Charter Acad. New Bldg | project | Palmetto Charter Portables
26-015 | Thunder Bay Marina Store | Thunder Bay Marina LLC | 26-015 Marina Store | job | Marina Fuel Dock
26-017 | Wolf Creek Substation Control House | Wolf Creek Electric Cooperative | Control House - Wolf Creek Sub | project | Control House - Dry Creek Sub
26-019 | Yard Improvements at Coldwater | Fairhaven & Stroud Properties | | project | Shop Roof at Coldwater
"""

# What we built for the same owners in other years.
OLD_JOBS = (
    """
Parking Lot Repair|Roof Replacement|Lobby Remodel|Storage Building|Site Drainage|ADA Upgrades
Canopy|Window Replacement|Kitchen Remodel|Boiler Room|Restroom Renovation|Dock Repairs
Interior Finish-Out|Generator Pad|Fence Replacement|Maintenance Agreement
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
