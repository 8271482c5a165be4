public import DVLADiagnostics

/// The rules of the file format. See `SafetensorsHeader` for what each one means.
extension WeightsError.Code {
  // The length prefix and the file as a whole.
  public static let safetensorsTooShort = Self("safetensors.too-short")
  public static let safetensorsOtherFormat = Self("safetensors.other-format")
  public static let safetensorsHeaderEmpty = Self("safetensors.header-empty")
  public static let safetensorsHeaderPastEnd = Self("safetensors.header-past-end")
  public static let safetensorsHeaderTooLarge = Self("safetensors.header-too-large")
  public static let safetensorsTruncated = Self("safetensors.truncated")
  public static let safetensorsTrailingBytes = Self("safetensors.trailing-bytes")

  // The header as JSON; what is no JSON at all has a `json.*` code.
  public static let safetensorsHeaderType = Self("safetensors.header-type")
  public static let safetensorsTensorCount = Self("safetensors.tensor-count")
  public static let safetensorsMetadataType = Self("safetensors.metadata-type")
  public static let safetensorsMetadataValue = Self("safetensors.metadata-value")
  public static let safetensorsMetadataCount = Self("safetensors.metadata-count")
  public static let safetensorsMetadataTooLong = Self("safetensors.metadata-too-long")
  public static let safetensorsMetadataNUL = Self("safetensors.metadata-nul")

  // Names.
  public static let safetensorsNameEmpty = Self("safetensors.name-empty")
  public static let safetensorsNameTooLong = Self("safetensors.name-too-long")
  public static let safetensorsNameControl = Self("safetensors.name-control")
  public static let safetensorsNameReserved = Self("safetensors.name-reserved")
  public static let safetensorsNameDuplicate = Self("safetensors.name-duplicate")

  // The fields of an entry.
  public static let safetensorsEntryType = Self("safetensors.entry-type")
  public static let safetensorsFieldMissing = Self("safetensors.field-missing")
  public static let safetensorsFieldUnknown = Self("safetensors.field-unknown")
  public static let safetensorsDTypeType = Self("safetensors.dtype-type")
  public static let safetensorsDTypeUnknown = Self("safetensors.dtype-unknown")
  public static let safetensorsShapeType = Self("safetensors.shape-type")
  public static let safetensorsRank = Self("safetensors.rank")
  public static let safetensorsExtent = Self("safetensors.extent")
  public static let safetensorsSizeOverflow = Self("safetensors.size-overflow")
  public static let safetensorsPartialByte = Self("safetensors.partial-byte")
  public static let safetensorsOffsetsType = Self("safetensors.offsets-type")
  public static let safetensorsOffset = Self("safetensors.offset")
  public static let safetensorsOffsetsReversed = Self("safetensors.offsets-reversed")
  public static let safetensorsSizeMismatch = Self("safetensors.size-mismatch")

  // How the entries lie in the data.
  public static let safetensorsPastEnd = Self("safetensors.past-end")
  public static let safetensorsOverlap = Self("safetensors.overlap")
  public static let safetensorsHole = Self("safetensors.hole")
}
