//! Lays out the declarations of ts-rs: interfaces, one field a line, readonly arrays, a union's tag inside the interface it belongs to.

/// As much of TypeScript's type syntax as ts-rs writes.
enum Type {
    /// `{ name: type, … }`
    Object(Vec<Field>),
    /// `a | b`
    Union(Vec<Type>),
    /// `{ "kind": "x" } & Name`
    Intersection(Vec<Type>),
    /// `Array<type>`
    Array(Box<Type>),
    /// A name, with its arguments, or a literal.
    Name(String),
}

struct Field {
    docs: String,
    name: String,
    value: Type,
}

const WIDTH: usize = 120;

/// What tells a member of a union from the others: `kind: "chunk"`.
pub(super) struct Tag {
    /// The member's type.
    pub(super) member: String,
    name: String,
    value: String,
}

/// One exported declaration out of ts-rs's `type X = …;`, with its tag and `example` at the end of its comment.
pub(super) fn declaration(docs: &str, example: Option<&str>, declared: &str, tag: Option<&Tag>) -> String {
    let (head, body) = declared.split_once(" = ").unwrap_or((declared, ""));
    let head = head.trim_start_matches("type ");
    let body = body.trim().trim_end_matches(';');
    let docs = comment(docs, example, "");
    match (Parser { rest: body }).union() {
        Type::Object(mut fields) => {
            if let Some(Tag { member: _, name, value }) = tag {
                let value = Type::Name(value.clone());
                fields.insert(0, Field { docs: String::new(), name: name.clone(), value });
            }
            format!("{docs}export interface {head} {}\n", object(&fields, ""))
        }
        Type::Union(members) => {
            let members: Vec<Type> = members.into_iter().map(without_tag).collect();
            let line = members.iter().map(|member| print(member, "")).collect::<Vec<_>>().join(" | ");
            if head.len() + line.len() + 18 <= WIDTH {
                return format!("{docs}export type {head} = {line};\n");
            }
            let lines: Vec<String> = members.iter().map(|member| format!("\n  | {}", print(member, "    "))).collect();
            format!("{docs}export type {head} ={};\n", lines.concat())
        }
        other @ (Type::Intersection(_) | Type::Array(_) | Type::Name(_)) => {
            format!("{docs}export type {head} = {};\n", print(&other, ""))
        }
    }
}

/// `{ "kind": "chunk" } & ChunkResponse` is `ChunkResponse`: its interface holds the tag.
fn without_tag(member: Type) -> Type {
    match member {
        Type::Intersection(mut parts) if parts.len() == 2 => parts.remove(1),
        other => other,
    }
}

/// The tags of a union of tagged newtypes.
pub(super) fn tags(declared: &str) -> Vec<Tag> {
    let (_, body) = declared.split_once(" = ").unwrap_or((declared, ""));
    let Type::Union(members) = (Parser { rest: body.trim().trim_end_matches(';') }).union() else { return Vec::new() };
    members
        .into_iter()
        .filter_map(|member| match member {
            Type::Intersection(parts) => match parts.as_slice() {
                [Type::Object(fields), Type::Name(name)] => {
                    let member = name.split('<').next().unwrap_or(name).to_owned();
                    fields.first().map(|tag| Tag { member, name: tag.name.clone(), value: print(&tag.value, "") })
                }
                _ => None,
            },
            Type::Object(_) | Type::Union(_) | Type::Array(_) | Type::Name(_) => None,
        })
        .collect()
}

fn print(node: &Type, indent: &str) -> String {
    match node {
        Type::Object(fields) => object(fields, indent),
        Type::Union(members) => members.iter().map(|member| print(member, indent)).collect::<Vec<_>>().join(" | "),
        Type::Intersection(parts) => parts.iter().map(|part| print(part, indent)).collect::<Vec<_>>().join(" & "),
        Type::Array(element) => match **element {
            Type::Union(_) | Type::Intersection(_) => format!("readonly ({})[]", print(element, indent)),
            Type::Object(_) | Type::Array(_) | Type::Name(_) => format!("readonly {}[]", print(element, indent)),
        },
        Type::Name(name) => name.clone(),
    }
}

fn object(fields: &[Field], indent: &str) -> String {
    if let [Field { docs, name, value }] = fields
        && docs.is_empty()
    {
        return format!("{{ {name}: {} }}", print(value, indent));
    }
    let inner = format!("{indent}  ");
    let lines: Vec<String> = fields
        .iter()
        .map(|Field { docs, name, value }| {
            format!("{}{inner}{name}: {};\n", comment(docs, None, &inner), print(value, &inner))
        })
        .collect();
    format!("{{\n{}{indent}}}", lines.concat())
}

/// A doc comment on one line where it fits, rustdoc's links turned into `TSDoc`'s.
fn comment(docs: &str, example: Option<&str>, indent: &str) -> String {
    let docs = docs.replace("[`", "{@link ").replace("`]", "}");
    let lines: Vec<&str> = docs
        .lines()
        .map(|line| line.trim().trim_start_matches("/**").trim_end_matches("*/").trim().trim_start_matches('*').trim())
        .collect();
    let first = lines.iter().position(|line| !line.is_empty());
    let last = lines.iter().rposition(|line| !line.is_empty());
    let (Some(first), Some(last)) = (first, last) else { return String::new() };
    let mut lines = lines[first..=last].to_vec();
    if let Some(example) = example {
        lines.extend(["", "@example", "```ts"]);
        lines.extend(example.lines());
        lines.push("```");
    }
    if let [line] = lines[..] {
        return format!("{indent}/** {line} */\n");
    }
    let body: Vec<String> =
        lines.iter().map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n").collect();
    format!("{indent}/**\n{}{indent} */\n", body.concat())
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn union(&mut self) -> Type {
        self.eat("|");
        let mut members = vec![self.intersection()];
        while self.eat("|") {
            members.push(self.intersection());
        }
        one_or(members, Type::Union)
    }

    fn intersection(&mut self) -> Type {
        let mut parts = vec![self.primary()];
        while self.eat("&") {
            parts.push(self.primary());
        }
        one_or(parts, Type::Intersection)
    }

    fn primary(&mut self) -> Type {
        self.docs(); // ts-rs writes the variants' docs before the members of a union
        if self.eat("{") {
            let mut fields = Vec::new();
            while !self.eat("}") {
                let docs = self.docs();
                let name = self.until(':').replace('"', "");
                self.eat(":");
                let value = self.union();
                self.eat(",");
                fields.push(Field { docs, name, value });
            }
            return Type::Object(fields);
        }
        if self.eat("(") {
            let inner = self.union();
            self.eat(")");
            return inner;
        }
        if self.eat("Array<") {
            let element = self.union();
            self.eat(">");
            return Type::Array(Box::new(element));
        }
        Type::Name(self.name())
    }

    /// A name with its type arguments, or a string literal.
    fn name(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let mut depth = 0_usize;
        let mut quoted = false;
        let end = self
            .rest
            .char_indices()
            .find(|&(_, letter)| {
                match letter {
                    '"' => quoted = !quoted,
                    '<' if !quoted => depth += 1,
                    '>' if !quoted && depth > 0 => {
                        depth -= 1;
                        return false;
                    }
                    _ => {}
                }
                !quoted && depth == 0 && matches!(letter, ',' | '}' | '|' | '&' | ')' | '>' | ';')
            })
            .map_or(self.rest.len(), |(index, _)| index);
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name.trim().to_owned()
    }

    fn docs(&mut self) -> String {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with("/**") {
            return String::new();
        }
        let end = self.rest.find("*/").map_or(self.rest.len(), |at| at + 2);
        let (docs, rest) = self.rest.split_at(end);
        self.rest = rest;
        docs.to_owned()
    }

    fn until(&mut self, end: char) -> String {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(at);
        self.rest = rest;
        text.trim().to_owned()
    }

    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => self.rest.is_empty() && matches!(token, "}" | ">" | ")"),
        }
    }
}

fn one_or(mut members: Vec<Type>, many: fn(Vec<Type>) -> Type) -> Type {
    if members.len() == 1 { members.remove(0) } else { many(members) }
}
