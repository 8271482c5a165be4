import DVLAAccounting
import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLARemapping
import DVLASafetensors

/// What a trainer leaves beside the weights and no library reads to act: in the ledger, so that
/// nobody need wonder what became of it.
struct TrainerRecord {
  private static let fileName = "train_config.json"
  private static let largest = 16 << 20

  /// The keys of the record beside a checkpoint; nil where there is none.
  ///
  /// - Throws: `document.too-many-keys`; `file.*`.
  static func account(
    beside checkpoint: Checkpoint, of family: String, _ library: ManifestLibrary
  ) throws(WeightsError) -> KeyAccount? {
    let path = checkpoint.path
    let isFolder = try InputFolder.isFolder(path)
    let folder = try InputFolder(path: isFolder ? path : path.splitAtLastComponent.folder)
    guard try folder.contains(fileName) else { return nil }
    let file = try folder.open(fileName)
    do throws(WeightsError) {
      let bytes = try file.readAll(limit: largest)
      // Python writes infinities into such files, which are no JSON. Nothing is read of them.
      let document = (try? StrictJSON.parse(bytes, limits: .document)) ?? .object(JSONObject())
      return try DocumentLedger.account(of: document, named: fileName, beside: family, library)
    } catch { throw error.inFile(file.path) }
  }
}
