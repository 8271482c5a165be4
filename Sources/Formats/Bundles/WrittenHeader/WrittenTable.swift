import DVLASafetensors
import DVLATensors

/// The table of tensors of a header as this package writes it.
struct WrittenTable {
  /// Where the bytes of the assets are, in the order of the assets.
  private(set) var assetTensors: [BundleTensor] = []
  private(set) var tensors: [BundleTensor] = []
  /// Where each tensor is among them.
  let positions: [TensorName: Int]
  /// Where the data must end in the file.
  private(set) var end: Int
  private var entries: [WrittenEntry] = []

  /// Nil when it has another form or is not sound.
  ///
  /// - Parameter dataStart: where the data start in the file.
  init?(reading cursor: inout HeaderCursor, _ assets: [BundleAsset], dataStart: Int) {
    end = dataStart
    let words = RowWords()
    var scratch = RowScratch()
    var census = HeaderCursor.Census(valueCount: 1, objectCount: 0)
    guard cursor.skip("[") else { return nil }
    if !cursor.skip("]") {
      repeat {
        let isAsset = assetTensors.count < assets.count
        guard
          let (tensor, entry) = cursor.row(
            words, &scratch, start: end, isAsset: isAsset, dataStart: dataStart, &census)
        else { return nil }
        if isAsset {
          guard tensor.holds(assets[assetTensors.count]) else { return nil }
          assetTensors.append(tensor)
        } else {
          tensors.append(tensor)
        }
        entries.append(entry)
        end = tensor.filler.upperBound
      } while cursor.skip(",")
      guard cursor.skip("]") else { return nil }
    }
    guard assetTensors.count == assets.count, census.fits(BundleHeader.rows) else { return nil }
    var positions: [TensorName: Int] = [:]
    positions.reserveCapacity(tensors.count)
    for (position, tensor) in tensors.enumerated() {
      guard positions.updateValue(position, forKey: tensor.name) == nil else { return nil }
    }
    self.positions = positions
  }

  /// Skips the entries of all rows, which have to say the same.
  func skipEntries(_ cursor: inout HeaderCursor) -> Bool {
    let words = EntryWords()
    var fillerCount = 0
    for entry in entries {
      guard cursor.skip(entry, words) else { return false }
      guard entry.hasFillerEntry else { continue }
      guard cursor.skipFiller(of: entry, number: fillerCount, words) else { return false }
      fillerCount += 1
    }
    return entries.count + fillerCount <= SafetensorsLimits.default.tensorCount
  }
}

extension BundleTensor {
  /// Whether the row is that of the asset.
  fileprivate func holds(_ asset: BundleAsset) -> Bool {
    info == AssetList.info(of: asset.name, byteCount: asset.byteCount) && planes == .none
      && storedSource == nil && storedQuantization == nil
  }
}
