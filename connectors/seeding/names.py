"""Invented firms: names, places, telephone numbers and everything else that identifies one.

The parts were written for this project. Telephone numbers are of the 555-01xx kind, e-mail ends in
`.example` and tax numbers start with digits that are never given out.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace


def _words(text: str, separator: str = " ") -> list[str]:
    return text.strip().replace("\n", separator).split(separator)


FAMILIES = _words("""
Aguirre Albrecht Amundsen Anaya Arceneaux Ashdown Babineaux Baptiste Barlowe Beaudry Benning
Bergeson Birdsong Blanchette Bolander Bramblett Brankovic Brusseau Burdette Cabrales Calloway
Carrizales Castellane Chikere Claybourne Coffelt Colquitt Coyle Crabtree Dabrowski Dagenhart
Delacroix Deveraux Diallo Dobrowski Doucette Drummond Dunleavy Eberhardt Echeverria Edgecombe
Elsberry Engstrom Esparza Fairbairn Farnsworth Feehan Figueroa Fontenot Fritzler Galarza
Gallimore Garrigan Gautreaux Gerlach Gilchrist Goolsby Grabowski Granderson Greathouse Gunderson
Haddock Halvorsen Hargrave Hatcher Heidemann Hemingway Hinojosa Holcombe Hostetler Huckaby
Ibarra Ingersoll Iwasaki Jablonski Jernigan Jimerson Kaczmarek Kalani Keohane Killebrew
Kittredge Klostermann Kowalczyk Krogstad Kuykendall Labrecque Lachance Landrieux Larrabee
Leatherwood Ledbetter Lindqvist Lockridge Lombardo Longoria Lundeen Macklin Maldonado Marchetti
Marsden Mattingly McCreary McElhaney McGonigle McTavish Melancon Mendiola Messerschmidt
Middlebrook Mireles Mondragon Moskowitz Nakagawa Narvaez Nesbitt Niedermeyer Nordstrand
Oberholtzer Odom Okafor Olmstead Ontiveros Osgood Ostrander Overstreet Padgett Palaniuk Pankratz
Paquette Parmenter Patenaude Pellegrini Pendergrass Pettibone Pfeiffer Philbrook Pickering
Poindexter Quarles Quesenberry Quintanar Radcliffe Rasmussen Ratliff Renteria Rheingold Ricketts
Robideaux Rosenbaum Rutledge Saavedra Sandoval Satterfield Scarborough Schlueter Schoonover
Shackelford Sizemore Skaggs Slaughenhoupt Sokolowski Stallworth Standridge Strickler
Stubblefield Sundquist Swearingen Szymanski Tafoya Talamantez Tarkington Thibodeaux Thorsen
Tillotson Toomey Trujillo Tuttle Ubben Underhill Urbina Valdovinos Vandermeer Villarreal
Voorhees Waddington Wainwright Walczak Weatherspoon Westerfield Whitcombe Wojtowicz Woolfolk
Yarbrough Yoakum Zabriskie Zamudio Zielinski Zuniga
""")

GIVEN = _words("""
Abel Alma Antonio Beatriz Blake Carmen Cecil Clay Consuelo Dale Darnell Delia Dwight Edgar Elena
Ephraim Estelle Felipe Floyd Gilbert Glenda Hector Hollis Ignacio Irene Jerome Joaquin Lamar
Leland Lorraine Lyle Marcela Marvin Mavis Nadine Nestor Odell Ofelia Percy Ramon Regina Roscoe
Rufina Sergio Thelma Tobias Ursula Verna Wade Wilbur Yolanda
""")

PLACES = _words(
    """
Alder Fork|Antelope Flat|Arrowhead|Ash Hollow|Badger Creek|Bald Knob|Bay Harbor|Bear Lick
Big Sandy|Birchwood|Black Mesa|Blackjack|Blue Heron|Bluestem|Bobcat Ridge|Boulder Gap
Briar Hill|Bridgewater|Buckhorn|Buffalo Bend|Burnt Mill|Cactus Wren|Canebrake|Cape Ferry
Cardinal|Catamount|Cedar Brake|Chaparral|Cherry Run|Cimarron Flats|Clearfork|Cold Spring
Copper Basin|Cottonwood|Coyote Wash|Crane Lake|Crooked River|Cypress Bend|Deer Path
Delmar Valley|Diamond Bluff|Dogwood|Dry Creek|Eagle Rock|East Fork|Elk Meadow|Evergreen
Falcon Point|Fallen Oak|Five Points|Flint Ridge|Fox Hollow|Frontier|Garnet Hill|Glen Arbor
Golden Prairie|Gopher Hill|Granite Pass|Great Bend|Green Mountain|Gulf Breeze|Harbor Light
Hawk Ridge|Heartland|Hickory Flat|High Desert|Highland|Hollow Tree|Horizon|Indigo|Iron Gate
Ironwood|Jackrabbit|Juniper|Kestrel|Keystone|Lakeshore|Lantern Hill|Laurel Fork|Limestone
Lone Pine|Long Prairie|Low Country|Magnolia|Maple Grove|Marble Falls|Marsh Island|Meridian
Mesquite|Mill Race|Mockingbird|Monarch|Moss Point|Mountain Laurel|Muddy Fork|Nighthawk
North Fork|Northern Lights|Oak Barrens|Old Dominion|Olive Branch|Osprey|Otter Tail|Overlook
Painted Rock|Palmetto|Panhandle|Peach Orchard|Pebble Beach|Pelican|Pine Barren|Piney Woods
Pinnacle|Plains State|Pointer Ridge|Ponderosa|Prairie Wind|Quail Run|Quarry Hill|Rabbit Ear
Raven Rock|Red Clay|Red River|Redbud|Ridgeback|Rolling Hills|Rush Creek|Saddle Rock
Sagebrush|Salt Fork|Sandhill|Sawtooth|Seven Oaks|Shady Grove|Shoreline|Silver Maple|Skyline
Slate Belt|South Fork|Split Rail|Spring Branch|Steelhead|Stillwater|Stone Bridge|Sugar Creek
Summit|Sunrise|Sweetgrass|Sycamore|Tamarack|Thunder Bay|Tidewater|Timberline|Tri-County
Turkey Foot|Turtle Creek|Twin Forks|Valley Forge Road|Wagon Wheel|Walnut Bend|Water Tower
West Fork|Whippoorwill|White Pine|Wild Plum|Willow Spring|Windmill|Wolf Creek|Yellow Barn
""",
    "|",
)

# trade: what such firms put in their names.
TRADES = {
    "earthwork": "Excavating|Earthworks|Grading & Utilities|Site Development|Dirtworks|Underground",
    "demolition": "Demolition|Wrecking|Abatement Services|Environmental",
    "paving": "Paving|Asphalt|Concrete & Asphalt Paving|Striping",
    "landscape": "Landscaping|Landscape Contractors|Lawn & Irrigation|Fence Company|Nursery",
    "concrete": "Concrete|Concrete Construction|Foundations|Concrete Contractors|Redi-Mix|Rebar",
    "masonry": "Masonry|Brick & Stone|Masonry Contractors|Stoneworks",
    "steel": "Steel Erectors|Iron Works|Welding & Fabrication|Structural Steel|Ornamental Iron",
    "framing": "Framing|Carpentry|Framing Contractors|Truss & Lumber|Construction Services",
    "millwork": "Millwork|Cabinets|Custom Cabinetry|Woodworks|Countertops|Finish Carpentry",
    "roofing": "Roofing|Roofing & Sheet Metal|Commercial Roofing|Exteriors",
    "waterproofing": "Waterproofing|Caulking & Waterproofing|Sealants|Restoration",
    "insulation": "Insulation|Spray Foam|Fireproofing|Insulation Contractors",
    "doors": "Door & Hardware|Overhead Door|Doors & Millwork|Door Company",
    "glazing": "Glass|Glass & Mirror|Glazing|Window & Door|Architectural Glass",
    "drywall": "Drywall|Interiors|Plastering|Drywall & Acoustics|Stucco",
    "ceilings": "Acoustics|Acoustical Ceilings|Ceiling Systems",
    "flooring": "Flooring|Floor Covering|Tile & Stone|Tile|Carpet & Tile|Hardwood Floors",
    "painting": "Painting|Painting Contractors|Coatings|Paint & Drywall|Decorating",
    "specialties": "Specialties|Building Specialties|Signs|Sign & Awning|Commercial Specialties",
    "appliances": "Appliance|Restaurant Supply|Interiors & Furnishings|Kitchen Equipment",
    "sprinkler": "Fire Protection|Fire Sprinkler|Sprinkler Company",
    "elevator": "Elevator|Elevator Services|Lift Company",
    "hvac": "Mechanical|Heating & Air|Heating & Cooling|Air Conditioning|Refrigeration",
    "plumbing": "Plumbing|Plumbing & Heating|Plumbing Services",
    "electrical": "Electric|Electrical Contractors|Electrical Services|Electric Company",
    "lowvoltage": "Communications|Alarm|Low Voltage|Security Systems|Data & Cabling",
    "rental": "Equipment Rental|Rentals|Crane Service|Scaffold|Portable Services|Tool Rental",
    "supply": "Building Supply|Supply Company|Lumber|Materials|Hardware|Pipe & Supply|Fasteners",
    "hauling": "Hauling|Disposal|Waste Services|Trucking|Roll-Offs",
    "cleaning": "Cleaning|Janitorial|Building Services|Maintenance Services",
    "engineer": "Engineering|Surveying|Testing Labs|Consultants|Land Surveyors|Architects",
    "general": "Construction|Contractors|Builders|General Contracting|Enterprises|Handyman",
}

# Whom only the office pays.
OFFICE = (
    "Insurance Agency|Office Products|Attorneys at Law|Propane|Tire & Auto|Printing|Staffing|CPAs|"
    "Truck Center|Self Storage|Bottled Water|Catering|Uniforms|Telephone Cooperative|Fuel Stop|"
    "Community Bank|Benefits Group|Health Clinic|Graphics|Title Company|Locksmith|Pest Control"
)

LEGAL_FORMS = ("LLC", "Inc.", "Inc", "LLC", "Co.", "Corp.", "L.L.C.", "Company", "LP", "Ltd.", "")

CITIES = _words(
    """
Brackenridge|PA|15014;Cedar Falls|IA|50613;Clarendon|TX|79226;Coldwater|MI|49036
Dahlonega|GA|30533;Elkhorn|NE|68022;Fallon|NV|89406;Farmville|VA|23901;Galesburg|IL|61401
Glasgow|KY|42141;Hastings|MN|55033;Hermiston|OR|97838;Kerrville|TX|78028;La Junta|CO|81050
Lancaster|OH|43130;Lebanon|TN|37087;Lockhart|TX|78644;Madras|OR|97741;Marshall|MO|65340
Mountain Home|ID|83647;New Ulm|MN|56073;Opelousas|LA|70570;Paducah|KY|42001;Payson|AZ|85541
Quincy|FL|32351;Rawlins|WY|82301;Roswell|NM|88201;Ruston|LA|71270;Salina|KS|67401
Seguin|TX|78155;Shelby|NC|28150;Sterling|CO|80751;Sylacauga|AL|35150;Tomah|WI|54660
Tupelo|MS|38801;Uvalde|TX|78801;Vernal|UT|84078;Weatherford|OK|73096;Winchester|VA|22601
Yreka|CA|96097
""",
    ";",
)

STREETS = _words(
    """
Quarry Rd|Industrial Dr|Commerce St|County Road 12|Railroad Ave|Old Mill Ln|Depot St
Airport Rd|Feedlot Rd|Warehouse Way|N Main St|S 4th St|Ranch Road 620|Elevator Rd
Frontage Rd|Foundry Ct
""",
    "|",
)

AREA_CODES = _words("""
208 214 217 225 229 256 270 276 307 308 316 319 325 334 402 406 417 423 435 505 507 509 515 518
530 541 563 573 575 580 605 606 608 618 620 641 660 662 701 704 712 719 731 740 760 785 806 830
""")

UNUSED_TAX_PREFIXES = ("07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "78", "79", "89")


@dataclass(frozen=True)
class Firm:
    """One business as it really is; how either system spells it is another matter."""

    core: str  # the name without its legal form
    legal_form: str
    trade: str
    address: str
    city: str
    state: str
    zip: str
    phone: str
    email: str
    tax_id: str

    @property
    def name(self) -> str:
        return with_form(self.core, self.legal_form)


def with_form(core: str, legal_form: str, comma: str = " ") -> str:
    return f"{core}{comma}{legal_form}" if legal_form else core


class Registrar:
    """Founds firms, no two of which share a name, a telephone or a tax number."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._cores: set[str] = set()
        self._heads: set[tuple[str, str]] = set()
        self._head_of: dict[str, str] = {}
        numbers = [f"({area}) 555-{last:04d}" for area in AREA_CODES for last in range(100, 200)]
        rng.shuffle(numbers)
        self._phones = iter(numbers)
        self._tax_numbers = iter(rng.sample(range(1_000_000, 9_999_999), 6_000))

    def found(self, trade: str = "") -> Firm:
        """A new firm of `trade`, or of any trade."""
        trade = trade or self.rng.choice(list(TRADES))
        if trade == "general" and self.rng.random() < 0.3:
            return self.enter(self._unused(self.person), "", trade)
        endings = TRADES[trade].split("|")
        # One head a trade: "Odom Electric" and "Odom Electrical" would be anybody's guess.
        while (head := self._head(), trade) in self._heads:
            pass
        self._heads.add((head, trade))
        core = self._unused(lambda: f"{head} {self.rng.choice(endings)}")
        self._head_of[core] = head
        form = "" if core.endswith("Company") else self.rng.choice(LEGAL_FORMS)
        return self.enter(core, form, trade)

    def found_office_vendor(self) -> Firm:
        trades = OFFICE.split("|")
        core = self._unused(lambda: f"{self._head()} {self.rng.choice(trades)}")
        return self.enter(core, self.rng.choice(("", "", "Inc.", "LLC")), "")

    def enter(self, core: str, legal_form: str, trade: str) -> Firm:
        """Take up a firm whose name is given."""
        self._cores.add(_key(core))
        city, state, postcode = self.rng.choice(CITIES).split("|")
        return Firm(
            core=core,
            legal_form=legal_form,
            trade=trade,
            address=f"{self.rng.randrange(12, 9800)} {self.rng.choice(STREETS)}",
            city=city,
            state=state,
            zip=postcode,
            phone=next(self._phones),
            email=f"{self.rng.choice(('ap', 'office', 'billing', 'info'))}@{_domain(core)}.example",
            tax_id=self._tax_id(),
        )

    def sister_of(self, firm: Firm) -> Firm | None:
        """Another business of the same people at the same desk, or one that merely sounds alike."""
        head = self._head_of.get(firm.core)
        if not head:
            return None
        for _ in range(20):
            trade = self.rng.choice([each for each in TRADES if each != firm.trade])
            core = f"{head} {self.rng.choice(TRADES[trade].split('|'))}"
            if (head, trade) not in self._heads and _key(core) not in self._cores:
                self._heads.add((head, trade))
                sister = self.enter(core, self.rng.choice(LEGAL_FORMS), trade)
                if self.rng.random() < 0.4:
                    return sister
                return replace(
                    sister, address=firm.address, city=firm.city, state=firm.state, zip=firm.zip
                )
        return None

    def person(self) -> str:
        return f"{self.rng.choice(GIVEN)} {self.rng.choice(FAMILIES)}"

    def _tax_id(self) -> str:
        return f"{self.rng.choice(UNUSED_TAX_PREFIXES)}-{next(self._tax_numbers):07d}"

    def _unused(self, draw: Callable[[], str]) -> str:
        while _key(core := draw()) in self._cores:
            pass
        return core

    def _head(self) -> str:
        rng = self.rng
        draw = rng.random()
        if draw < 0.36:
            return rng.choice(FAMILIES)
        if draw < 0.66:
            return rng.choice(PLACES)
        if draw < 0.74:
            return " & ".join(rng.sample(FAMILIES, 2))
        if draw < 0.80:
            return f"{rng.choice(FAMILIES)} {rng.choice(('Brothers', '& Sons', 'Bros.', '& Son'))}"
        if draw < 0.87:
            first, second = rng.sample("ABCDEGHJKLMNPRSTW", 2)
            return rng.choice((f"{first}&{second}", f"{first} & {second}", f"{first}.{second}."))
        if draw < 0.95:
            return self.person()
        return f"{rng.choice(PLACES)} {rng.choice(('Custom', 'Quality', 'Precision', 'Advanced'))}"


def _key(core: str) -> str:
    """What is left of a name when spelling is set aside; two firms never share it."""
    return re.sub(r"[^a-z0-9]", "", core.lower().replace("&", "and"))


def _domain(core: str) -> str:
    return re.sub(r"[^a-z0-9]", "", core.lower())[:24] or "firm"
