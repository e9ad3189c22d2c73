//! From source to instructions: what a template may contain, and its operators replaced by ours.
//!
//! minijinja bounds steps, not bytes (`{% set x = x ~ x %}` forty times is a terabyte), and offers no hook at its
//! operators. So the compiled instructions are rewritten, one for one, to call `operators`. That needs minijinja's
//! machinery, which has no stability promise: the version is pinned in Cargo.toml.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::machinery::{CodeGenerator, Instruction, Instructions, Span, ast, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind, Value};

use super::budget::{Limit, over};
use super::{filters, nesting, operators};

const NAME: &str = "chat_template";
/// Bytes that operators between constants may come to, all together.
const MAX_CONSTANTS: u64 = 1 << 20;

/// A compiled template.
pub(crate) struct Program<'source> {
    pub(crate) instructions: Instructions<'source>,
    pub(crate) blocks: BTreeMap<&'source str, Instructions<'source>>,
    /// Names the template reads that it does not define.
    pub(crate) names: Vec<&'source str>,
}

/// Compiles `source` with the whitespace rules of transformers.
///
/// # Errors
/// Syntax errors; filters, tests and statements that templates here do not have. All with their line.
pub(crate) fn compile(source: &str) -> Result<Program<'_>, Error> {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    nesting::check(source, syntax.clone())?;
    let tree = parse(source, NAME, syntax)?;
    Constants::default().statement(&tree)?;
    let mut generator = CodeGenerator::new(NAME, source);
    generator.compile_stmt(&tree);
    let (instructions, mut blocks) = generator.finish();
    let mut names = Vec::new();
    let mut instructions = pay_for_literals(NAME, source, &instructions);
    guard(&mut instructions, &mut names)?;
    for block in blocks.values_mut() {
        *block = pay_for_literals(NAME, source, block);
        guard(block, &mut names)?;
    }
    names.sort_unstable();
    names.dedup();
    Ok(Program { instructions, blocks, names })
}

/// `{% generation %}` only marks what an assistant said, for training: it becomes an empty condition of the same shape.
pub(crate) fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let inner = &tag[2..];
        let word_at = inner.len() - inner.trim_start_matches(['-', '+']).trim_start().len();
        let word = inner[word_at..]
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .next()
            .unwrap_or_default();
        let after = &inner[word_at + word.len()..];
        let ends = after.trim_start().trim_start_matches(['-', '+']).starts_with("%}");
        out.push_str("{%");
        out.push_str(&inner[..word_at]);
        out.push_str(match word {
            "generation" if ends => "if true",
            "endgeneration" if ends => "endif",
            other => other,
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The line of something refused here; minijinja knows only those of its own errors.
#[derive(Debug)]
pub(crate) struct Line(pub(crate) usize);

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}", self.0)
    }
}

impl std::error::Error for Line {}

fn refused(what: &str, line: usize) -> Error {
    Error::new(ErrorKind::SyntaxError, what.to_owned()).with_source(Line(line))
}

pub(super) fn refused_at(what: &str, span: Span) -> Error {
    refused(what, span.start_line as usize)
}

/// Bytes of constant expressions in a template, as the compiler will work them out.
#[derive(Default)]
struct Constants {
    total: u64,
}

/// What is known of an expression without working it out.
#[derive(Clone, Copy)]
enum Weight {
    /// Depends on variables.
    Open,
    Number,
    /// Text or a list of at most this many bytes.
    Bytes(u64),
}

impl Constants {
    fn all(&mut self, statements: &[ast::Stmt<'_>]) -> Result<(), Error> {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &ast::Stmt<'_>) -> Result<(), Error> {
        match statement {
            ast::Stmt::Template(template) => self.all(&template.children),
            ast::Stmt::EmitExpr(inner) => self.expression(&inner.expr).map(drop),
            ast::Stmt::ForLoop(inner) => {
                self.expression(&inner.iter)?;
                self.each(inner.filter_expr.as_ref())?;
                self.all(&inner.body)?;
                self.all(&inner.else_body)
            }
            ast::Stmt::IfCond(inner) => {
                self.expression(&inner.expr)?;
                self.all(&inner.true_body)?;
                self.all(&inner.false_body)
            }
            ast::Stmt::WithBlock(inner) => {
                self.each(inner.assignments.iter().map(|assignment| &assignment.1))?;
                self.all(&inner.body)
            }
            ast::Stmt::Set(inner) => self.expression(&inner.expr).map(drop),
            ast::Stmt::SetBlock(inner) => {
                self.each(inner.filter.as_ref())?;
                self.all(&inner.body)
            }
            ast::Stmt::FilterBlock(inner) => {
                self.expression(&inner.filter)?;
                self.all(&inner.body)
            }
            ast::Stmt::Block(inner) => self.all(&inner.body),
            ast::Stmt::Macro(inner) => {
                self.each(&inner.defaults)?;
                self.all(&inner.body)
            }
            ast::Stmt::CallBlock(inner) => {
                self.call(&inner.call)?;
                self.each(&inner.macro_decl.defaults)?;
                self.all(&inner.macro_decl.body)
            }
            ast::Stmt::Do(inner) => self.call(&inner.call),
            ast::Stmt::EmitRaw(_) | ast::Stmt::Continue(_) | ast::Stmt::Break(_) => Ok(()),
            ast::Stmt::AutoEscape(inner) => Err(refused_at("autoescape is not for chat templates", inner.span())),
            ast::Stmt::Import(inner) => Err(refused_at("import: a chat template stands alone", inner.span())),
            ast::Stmt::FromImport(inner) => Err(refused_at("import: a chat template stands alone", inner.span())),
            ast::Stmt::Extends(inner) => Err(refused_at("extends: a chat template stands alone", inner.span())),
            ast::Stmt::Include(inner) => Err(refused_at("include: a chat template stands alone", inner.span())),
        }
    }

    fn each<'tree, 'source: 'tree>(
        &mut self,
        expressions: impl IntoIterator<Item = &'tree ast::Expr<'source>>,
    ) -> Result<(), Error> {
        expressions.into_iter().try_for_each(|inner| self.expression(inner).map(drop))
    }

    fn call(&mut self, call: &ast::Call<'_>) -> Result<(), Error> {
        self.expression(&call.expr)?;
        self.arguments(&call.args)
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'_>]) -> Result<(), Error> {
        self.each(arguments.iter().map(|argument| match argument {
            ast::CallArg::Pos(inner)
            | ast::CallArg::Kwarg(_, inner)
            | ast::CallArg::PosSplat(inner)
            | ast::CallArg::KwargSplat(inner) => inner,
        }))
    }

    fn expression(&mut self, tree: &ast::Expr<'_>) -> Result<Weight, Error> {
        match tree {
            ast::Expr::Const(inner) => {
                Ok(inner.value.as_str().map_or(Weight::Number, |text| Weight::Bytes(text.len() as u64)))
            }
            ast::Expr::BinOp(inner) => {
                let (left, right) = (self.expression(&inner.left)?, self.expression(&inner.right)?);
                let joined = match inner.op {
                    ast::BinOpKind::Mul => match (left, right) {
                        (Weight::Bytes(bytes), Weight::Number) => {
                            Weight::Bytes(bytes.saturating_mul(times(&inner.right)))
                        }
                        (Weight::Number, Weight::Bytes(bytes)) => {
                            Weight::Bytes(bytes.saturating_mul(times(&inner.left)))
                        }
                        (left, right) => sum(left, right),
                    },
                    ast::BinOpKind::Add | ast::BinOpKind::Concat => sum(left, right),
                    ast::BinOpKind::Eq
                    | ast::BinOpKind::Ne
                    | ast::BinOpKind::Lt
                    | ast::BinOpKind::Lte
                    | ast::BinOpKind::Gt
                    | ast::BinOpKind::Gte
                    | ast::BinOpKind::ScAnd
                    | ast::BinOpKind::ScOr
                    | ast::BinOpKind::Sub
                    | ast::BinOpKind::Div
                    | ast::BinOpKind::FloorDiv
                    | ast::BinOpKind::Rem
                    | ast::BinOpKind::Pow
                    | ast::BinOpKind::In => match sum(left, right) {
                        Weight::Open => Weight::Open,
                        Weight::Number | Weight::Bytes(_) => Weight::Number,
                    },
                };
                if let Weight::Bytes(bytes) = joined {
                    self.total = self.total.saturating_add(bytes);
                    if self.total > MAX_CONSTANTS {
                        return Err(over(Limit::Bytes));
                    }
                }
                Ok(joined)
            }
            ast::Expr::List(inner) => self.items(&inner.items),
            ast::Expr::Tuple(inner) => self.items(&inner.items),
            ast::Expr::Map(inner) => {
                self.each(&inner.keys)?;
                self.items(&inner.values)
            }
            ast::Expr::UnaryOp(inner) => self.expression(&inner.expr),
            ast::Expr::Compare(inner) => {
                self.expression(&inner.expr)?;
                self.each(inner.ops.iter().map(|operand| &operand.expr))?;
                Ok(Weight::Number)
            }
            ast::Expr::Var(_) => Ok(Weight::Open),
            ast::Expr::Slice(inner) => {
                self.expression(&inner.expr)?;
                self.each([&inner.start, &inner.stop, &inner.step].into_iter().flatten())?;
                Ok(Weight::Open)
            }
            ast::Expr::IfExpr(inner) => {
                self.each([&inner.test_expr, &inner.true_expr].into_iter().chain(&inner.false_expr))?;
                Ok(Weight::Open)
            }
            ast::Expr::Filter(inner) => {
                self.each(&inner.expr)?;
                self.arguments(&inner.args)?;
                Ok(Weight::Open)
            }
            ast::Expr::Test(inner) => {
                self.expression(&inner.expr)?;
                self.arguments(&inner.args)?;
                Ok(Weight::Open)
            }
            ast::Expr::GetAttr(inner) => self.expression(&inner.expr).map(|_| Weight::Open),
            ast::Expr::GetItem(inner) => {
                self.each([&inner.expr, &inner.subscript_expr])?;
                Ok(Weight::Open)
            }
            ast::Expr::Call(inner) => self.call(inner).map(|()| Weight::Open),
        }
    }

    fn items(&mut self, items: &[ast::Expr<'_>]) -> Result<Weight, Error> {
        let mut weight = Weight::Bytes(24);
        for item in items {
            weight = sum(weight, self.expression(item)?);
        }
        Ok(weight)
    }
}

fn sum(left: Weight, right: Weight) -> Weight {
    match (left, right) {
        (Weight::Open, _) | (_, Weight::Open) => Weight::Open,
        (Weight::Number, Weight::Number) => Weight::Number,
        (Weight::Number, Weight::Bytes(bytes)) | (Weight::Bytes(bytes), Weight::Number) => {
            Weight::Bytes(bytes.saturating_add(40))
        }
        (Weight::Bytes(left), Weight::Bytes(right)) => Weight::Bytes(left.saturating_add(right)),
    }
}

/// The number a constant expression of numbers comes to.
fn times(tree: &ast::Expr<'_>) -> u64 {
    tree.as_const().and_then(|value| value.as_usize()).map_or(0, |times| times as u64)
}

/// Literal text becomes a constant and its emission: emitted values go through the formatter, which pays for them.
fn pay_for_literals<'source>(
    name: &'source str,
    source: &'source str,
    from: &Instructions<'source>,
) -> Instructions<'source> {
    let all: Vec<&Instruction<'source>> = (0..).map_while(|index| from.get(index)).collect();
    let mut places = Vec::with_capacity(all.len() + 1);
    let mut next = 0_u32;
    for instruction in &all {
        places.push(next);
        next += if matches!(instruction, Instruction::EmitRaw(_)) { 2 } else { 1 };
    }
    places.push(next);
    // A target out of range stays so: `u32::MAX` marks a jump that is never taken.
    let moved = |target: u32| places.get(target as usize).copied().unwrap_or(target);
    let mut to = Instructions::new(name, source);
    for (index, instruction) in all.into_iter().enumerate() {
        let mut add = |instruction| match (from.get_span(index as u32), from.get_line(index as u32)) {
            (Some(span), _) => to.add_with_span(instruction, span),
            (None, Some(line)) => to.add_with_line(instruction, line as u16),
            (None, None) => to.add(instruction),
        };
        let relocated = match instruction {
            Instruction::EmitRaw(text) => {
                add(Instruction::LoadConst(Value::from(*text)));
                Instruction::Emit
            }
            Instruction::Iterate(target) => Instruction::Iterate(moved(*target)),
            Instruction::Jump(target) => Instruction::Jump(moved(*target)),
            Instruction::JumpIfFalse(target) => Instruction::JumpIfFalse(moved(*target)),
            Instruction::JumpIfFalseOrPop(target) => Instruction::JumpIfFalseOrPop(moved(*target)),
            Instruction::JumpIfTrueOrPop(target) => Instruction::JumpIfTrueOrPop(moved(*target)),
            Instruction::BuildMacro(name, target, flags) => Instruction::BuildMacro(name, moved(*target), *flags),
            other => other.clone(),
        };
        add(relocated);
    }
    to
}

/// Replaces the operators and refuses what cannot be paid for or is not there.
fn guard<'source>(instructions: &mut Instructions<'source>, names: &mut Vec<&'source str>) -> Result<(), Error> {
    let mut index = 0;
    loop {
        let line = instructions.get_line(index).unwrap_or(0);
        let Some(instruction) = instructions.get_mut(index) else { return Ok(()) };
        index += 1;
        let operator = match instruction {
            Instruction::Add => operators::ADD,
            Instruction::StringConcat => operators::CONCAT,
            Instruction::Mul => operators::MUL,
            Instruction::Eq => operators::EQ,
            Instruction::Ne => operators::NE,
            Instruction::Lt => operators::LT,
            Instruction::Lte => operators::LE,
            Instruction::Gt => operators::GT,
            Instruction::Gte => operators::GE,
            Instruction::In => operators::IN,
            Instruction::Slice => {
                *instruction = Instruction::CallFunction(operators::SLICE, Some(4));
                continue;
            }
            Instruction::CompareAndPreserve(_) => return Err(refused("chained comparisons are not supported", line)),
            Instruction::UnpackLists(_) => return Err(refused("spread arguments are not supported", line)),
            Instruction::Include(_) | Instruction::LoadBlocks => {
                return Err(refused("a chat template stands alone", line));
            }
            Instruction::ApplyFilter(name, ..) if !filters::is_filter(name) => {
                return Err(refused(&format!("unknown filter: {name}"), line));
            }
            Instruction::PerformTest(name, ..) if !filters::is_test(name) => {
                return Err(refused(&format!("unknown test: {name}"), line));
            }
            Instruction::CallMethod(name, _) if name.starts_with('_') => {
                return Err(refused(&format!("unknown method: {name}"), line));
            }
            Instruction::Lookup(name) => {
                names.push(name);
                continue;
            }
            _ => continue,
        };
        *instruction = Instruction::CallFunction(operator, Some(2));
    }
}
