public import Diagnostics

/// What would be gone once an output takes the place of what is at `path`: the file of that name,
/// or all that a folder of that name holds.
///
/// - Throws: `file.permission`, `file.read` for a folder that cannot be listed. Whether the output
///   can be made at all is for others to say.
public func filesReplaced(by path: String) throws(WeightsError) -> [String] {
  guard (try? InputFolder.isFolder(path)) == true else { return [path] }
  let folder = try InputFolder(path: path)
  return try folder.names().map(folder.path(of:))
}
