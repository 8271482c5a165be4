import DVLATensors

/// A checkpoint's tensor under the name that manifests are held against: its own, or what is left
/// of it without a wrapper.
struct NamedTensor: Sendable {
  let info: TensorInfo
  let bare: NameComponents

  init(_ info: TensorInfo) {
    self.info = info
    bare = NameComponents(info.name)
  }

  init(_ info: TensorInfo, parts: [Substring]) {
    self.info = info
    bare = NameComponents(name: info.name, parts: parts)
  }

  /// Without the first components of the bare name.
  func dropFirst(_ count: Int) -> NamedTensor {
    NamedTensor(info, parts: Array(bare.parts.dropFirst(count)))
  }
}
