//! A folder of layout 2 or 3 read, and written on, from its bytes alone: nothing of the programs is used, so that the format is written
//! down twice and neither changes unnoticed. (But for a home's own key, which a passphrase may guard.)

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use ciborium::Value as Cbor;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Salt},
    rand::{SecureRandom, SystemRandom},
};

use super::Device;

/// Records of a document in layouts 2 and 3: its id, the record's number, the sealed event.
const OF_A_DOCUMENT: [u8; 2] = [0b0110, 0b0111_0110];
/// A record of what belongs to no document, of layout 2: its number, the sealed event. Every later program reads it.
pub const OF_THE_REST: u8 = 0b1010;
/// All that a program of layout 2 knows.
pub const KINDS_OF_2: [u8; 3] = [0b0001, OF_A_DOCUMENT[0], OF_THE_REST];
/// Bytes in front of a segment's first record: magic, number, chain.
const SEGMENT_HEADER: usize = 48;
/// The data key for what belongs to no document.
const REST: &str = "rest";
/// The fact that says who uses the device, and where their relay is.
const ME: &[u8] = b"me";

/// A folder, and the key that opens it.
pub struct Folder {
    at: PathBuf,
    home: [u8; 32],
}

impl Folder {
    /// A device's.
    pub fn of_device(device: &Device) -> Result<Folder, String> {
        let passphrase = device.passphrase.clone().map(|text| replica::Secret::new(text.into_bytes()));
        let at = device.person.home.clone();
        let key = client_cli::unlock::open(&at, passphrase.as_ref(), |_| (), || None).map_err(|e| e.to_string())?;
        Ok(Folder { at, home: *key.bytes() })
    }

    /// A relay's, whose key lies in it.
    pub fn of_relay(data: &Path) -> Result<Folder, String> {
        let text = fs::read_to_string(data.join("store.key")).map_err(|e| e.to_string())?;
        let bytes = hex::decode(text.trim()).map_err(|e| e.to_string())?;
        Ok(Folder { at: data.to_path_buf(), home: bytes.try_into().map_err(|_| "store.key holds no key")? })
    }

    /// For each variant of record that occurs, the names of its fields.
    pub fn variants(&self) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for event in self.events()? {
            let (variant, fields) = shape(&event).ok_or("a record is not one variant with named fields")?;
            found.entry(variant).or_default().extend(fields);
        }
        Ok(found)
    }

    /// The kinds of records that occur in the journal.
    pub fn kinds(&self) -> Result<BTreeSet<u8>, String> {
        Ok(self.records()?.into_iter().map(|(kind, _)| kind).collect())
    }

    /// What the records of the journal say, in order. Those that were sealed with a key that is destroyed are passed over: there must
    /// be one that says so.
    fn events(&self) -> Result<Vec<Cbor>, String> {
        let rest = self.data_key(REST).ok_or("the folder has no key for what belongs to no document")?;
        let (mut events, mut destroyed, mut erased) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for (kind, payload) in self.records()? {
            let id = if OF_A_DOCUMENT.contains(&kind) { 16 } else { 0 };
            let (doc, numbered) = payload.split_at_checked(id).ok_or("a record is too short")?;
            let (number, sealed) = numbered.split_at_checked(8).ok_or("a record is too short")?;
            let own = if doc.is_empty() { Some(rest) } else { self.data_key(&hex::encode(doc)) };
            let Some(content) = own.and_then(|key| open(&key, &record_place(kind, number), sealed)) else {
                destroyed.insert(doc.to_vec());
                continue;
            };
            let event: Cbor = ciborium::from_reader(content.as_slice()).map_err(|e| e.to_string())?;
            erased.extend(field(&event, "Erased", "doc").and_then(Cbor::as_bytes).cloned());
            events.push(event);
        }
        match destroyed.is_subset(&erased) {
            true => Ok(events),
            false => Err("a record cannot be opened, and none says that its document was erased".into()),
        }
    }

    /// Puts a record at the end of the journal, sealed as what belongs to no document is.
    pub fn append(&self, kind: u8, content: &[u8]) -> Result<(), String> {
        let rest = self.data_key(REST).ok_or("the folder has no key for what belongs to no document")?;
        let number = (self.records()?.len() as u64).to_be_bytes();
        let sealed = seal(&rest, &record_place(kind, &number), content).ok_or("nothing can be sealed")?;
        let body = [&[kind], number.as_slice(), &sealed].concat();
        let segment = self.segments()?.pop().ok_or("there is no segment")?;
        let mut bytes = fs::read(&segment).map_err(|e| e.to_string())?;
        let before = bytes.last_chunk::<32>().copied().ok_or("a segment is too short")?;
        let chain = digest(&SHA256, &[before.as_slice(), &body].concat());
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(crc32c(&[body.as_slice(), chain.as_ref()].concat()).to_le_bytes());
        bytes.extend(body);
        bytes.extend(chain.as_ref());
        fs::write(&segment, bytes).map_err(|e| e.to_string())
    }

    /// Says that the device's relay is at this address: a record like the one that joining writes. Nothing else of it changes, so it
    /// goes on meeting the relay that it knows by its keys.
    pub fn relay_is_at(&self, url: &str) -> Result<(), String> {
        let said = |event: &Cbor| {
            let is_me = field(event, "Fact", "key").and_then(Cbor::as_bytes).is_some_and(|key| key == ME);
            is_me.then(|| field(event, "Fact", "value").and_then(Cbor::as_bytes).cloned()).flatten()
        };
        let me = self.events()?.iter().rev().find_map(said).ok_or("nobody uses this device")?;
        let mut me: Cbor = ciborium::from_reader(me.as_slice()).map_err(|e| e.to_string())?;
        let relay = get_mut(&mut me, "relay").and_then(|relay| get_mut(relay, "url")).ok_or("it has no relay")?;
        *relay = Cbor::Text(url.to_owned());
        let text = |text: &str| Cbor::Text(text.to_owned());
        let fields = vec![(text("key"), Cbor::Bytes(ME.to_vec())), (text("value"), Cbor::Bytes(written(&me)?))];
        self.append(OF_THE_REST, &written(&Cbor::Map(vec![(text("Fact"), Cbor::Map(fields))]))?)
    }

    /// Kind and payload of every record.
    fn records(&self) -> Result<Vec<(u8, Vec<u8>)>, String> {
        let mut records = Vec::new();
        for segment in self.segments()? {
            let bytes = fs::read(&segment).map_err(|e| e.to_string())?;
            let mut rest = bytes.get(SEGMENT_HEADER..).ok_or("a segment is too short")?;
            while !rest.is_empty() {
                let len = rest.first_chunk::<4>().map(|len| u32::from_le_bytes(*len) as usize);
                // Length, checksum; kind and payload; chain.
                let body = len.and_then(|len| rest.get(8..8 + len)).ok_or("a record is cut short")?;
                let (kind, payload) = body.split_first().ok_or("a record is empty")?;
                records.push((*kind, payload.to_vec()));
                rest = rest.get(8 + body.len() + 32..).ok_or("a record is cut short")?;
            }
        }
        Ok(records)
    }

    fn segments(&self) -> Result<Vec<PathBuf>, String> {
        let entries = fs::read_dir(self.at.join("journal")).map_err(|e| e.to_string())?;
        let mut segments: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        segments.retain(|path| path.extension().is_some_and(|ending| ending == "seg"));
        segments.sort();
        Ok(segments)
    }

    /// One of the folder's data keys. Its file holds twice: checksum, name of the home key, the wrapped key.
    fn data_key(&self, name: &str) -> Option<[u8; 32]> {
        let both = fs::read(self.at.join("keys").join(name)).ok()?;
        let wrapped = both.get(4 + 4..both.len() / 2)?;
        open(&self.home, &[b"openpep/key/1/", name.as_bytes()].concat(), wrapped)?.try_into().ok()
    }
}

/// Name and field names of a variant as it is written: a map with one key, the variant's, and its fields as another map.
pub fn shape(event: &Cbor) -> Option<(String, BTreeSet<String>)> {
    let [(variant, fields)] = event.as_map()?.as_slice() else { return None };
    let fields = fields.as_map()?.iter().map(|(name, _)| name.as_text().map(str::to_owned));
    Some((variant.as_text()?.to_owned(), fields.collect::<Option<_>>()?))
}

/// A field of an event, where it is of this variant.
fn field<'a>(event: &'a Cbor, variant: &str, name: &str) -> Option<&'a Cbor> {
    let [(found, fields)] = event.as_map()?.as_slice() else { return None };
    let is = |key: &Cbor, word: &str| key.as_text() == Some(word);
    fields.as_map().filter(|_| is(found, variant))?.iter().find(|(key, _)| is(key, name)).map(|(_, value)| value)
}

fn get_mut<'a>(map: &'a mut Cbor, name: &str) -> Option<&'a mut Cbor> {
    map.as_map_mut()?.iter_mut().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

fn written(value: &Cbor) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

fn record_place(kind: u8, number: &[u8]) -> Vec<u8> {
    [b"openpep/record/2/".as_slice(), &[kind], number].concat()
}

/// Opens what was sealed for a place: salt of the derived key, count, ciphertext and tag.
fn open(key: &[u8; 32], place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (salt, rest) = sealed.split_first_chunk::<16>()?;
    let (count, rest) = rest.split_first_chunk::<8>()?;
    let mut inside = rest.to_vec();
    let opened = derived(key, salt)?.open_in_place(nonce(count), Aad::from(place), &mut inside).ok()?.len();
    inside.truncate(opened);
    Some(inside)
}

fn seal(key: &[u8; 32], place: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let (mut salt, count, mut inside) = ([0; 16], [0; 8], content.to_vec());
    SystemRandom::new().fill(&mut salt).ok()?;
    derived(key, &salt)?.seal_in_place_append_tag(nonce(&count), Aad::from(place), &mut inside).ok()?;
    Some([salt.as_slice(), &count, &inside].concat())
}

fn derived(key: &[u8; 32], salt: &[u8; 16]) -> Option<LessSafeKey> {
    let extracted = Salt::new(HKDF_SHA256, salt).extract(key);
    Some(LessSafeKey::new(UnboundKey::from(extracted.expand(&[b"openpep/seal/1"], &AES_256_GCM).ok()?)))
}

fn nonce(count: &[u8; 8]) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 8..].copy_from_slice(count);
    Nonce::assume_unique_for_key(nonce)
}

/// CRC-32C, bit by bit: what is written here is short.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum: u32, _| (sum >> 1) ^ (if sum & 1 == 1 { 0x82f6_3b78 } else { 0 }))
    })
}
