// See parser_diagnosis_grammar.h.
#include "interp/compile/parser_diagnosis_grammar.h"

namespace mini::compile {

const char kDiagnosisGrammar[] = R"grammar(
file: statement ;
single: compound_stmt NEWLINE | simple_stmts | NEWLINE ;
eval: expressions NEWLINE* ENDMARKER ;

statements: statement+ ;
statement: compound_stmt | simple_stmts ;
simple_stmts: simple_stmt !';' NEWLINE | ';'.simple_stmt+ ';'? NEWLINE ;
simple_stmt (memo):
    assignment | &"type" type_alias | star_expressions | &'return' return_stmt | &('import' | 'from') import_stmt
  | &'raise' raise_stmt | 'pass' | &'del' del_stmt | &'yield' yield_expr | &'assert' assert_stmt
  | 'break' | 'continue' | &'global' global_stmt | &'nonlocal' nonlocal_stmt ;
compound_stmt:
    &('def' | '@') function_def | &'if' if_stmt | &('class' | '@') class_def | &'with' with_stmt | &'for' for_stmt
  | &'try' try_stmt | &'while' while_stmt | match_stmt ;

assignment:
    NAME ':' expression ('=' annotated_rhs)?
  | ('(' single_target ')' | single_subscript_attribute_target) ':' expression ('=' annotated_rhs)?
  | (star_targets '=')+ annotated_rhs !'='
  | single_target augassign ~ annotated_rhs
  | invalid_assignment ;
annotated_rhs: yield_expr | star_expressions ;
augassign: '+=' | '-=' | '*=' | '@=' | '/=' | '%=' | '&=' | '|=' | '^=' | '<<=' | '>>=' | '**=' | '//=' ;
invalid_assignment:
    a=invalid_ann_assign_target ':' expression {at a "only single target (not %s) can be annotated"}
  | a=star_named_expression ',' star_named_expressions* ':' expression
      {at a "only single target (not tuple) can be annotated"}
  | a=expression ':' expression {at a "illegal target for annotation"}
  | (star_targets '=')* a=star_expressions '=' {target a star}
  | (star_targets '=')* a=yield_expr '=' {at a "assignment to yield expression not possible"}
  | a=star_expressions augassign annotated_rhs {at a "'%s' is an illegal expression for augmented assignment"} ;
invalid_ann_assign_target: list | tuple | '(' a=invalid_ann_assign_target ')' {value a} ;

return_stmt: 'return' star_expressions? ;
raise_stmt: 'raise' expression ('from' expression)? | 'raise' ;
global_stmt: 'global' ','.NAME+ ;
nonlocal_stmt: 'nonlocal' ','.NAME+ ;
del_stmt: 'del' del_targets &(';' | NEWLINE) | invalid_del_stmt ;
invalid_del_stmt: 'del' a=star_expressions {target a del} ;
assert_stmt: 'assert' expression (',' expression)? ;
type_alias: a="type" NAME ('=' | '[') {refuse a} ;

import_stmt (memo): invalid_import | import_name | import_from ;
invalid_import:
    a='import' ','.dotted_name+ 'from' dotted_name {from a "Did you mean to use 'from ... import ...' instead?"}
  | 'import' a=NEWLINE {from a "Expected one or more names after 'import'"} ;
import_name: 'import' ','.dotted_as_name+ ;
import_from:
    'from' ('.' | '...')* dotted_name 'import' import_from_targets
  | 'from' ('.' | '...')+ 'import' import_from_targets ;
import_from_targets: '(' import_from_as_names ','? ')' | import_from_as_names !',' | '*' | invalid_import_from_targets ;
invalid_import_from_targets:
    import_from_as_names ',' NEWLINE {last "trailing comma not allowed without surrounding parentheses"}
  | a=NEWLINE {from a "Expected one or more names after 'import'"} ;
import_from_as_names: ','.import_from_as_name+ ;
import_from_as_name: NAME ('as' NAME)? ;
dotted_as_name: dotted_name ('as' NAME)? ;
dotted_name: NAME ('.' NAME)* ;

block (memo): NEWLINE INDENT statements DEDENT | simple_stmts | invalid_block ;
invalid_block: NEWLINE !INDENT {indentation - "expected an indented block"} ;
decorators: ('@' named_expression NEWLINE)+ ;

class_def: decorators class_def_raw | class_def_raw ;
class_def_raw: invalid_class_def_raw | 'class' NAME ('(' arguments? ')')? ':' block ;
invalid_class_def_raw:
    'class' NAME ('(' arguments? ')')? NEWLINE {last "expected ':'"}
  | a='class' NAME ('(' arguments? ')')? ':' NEWLINE !INDENT
      {indentation a "expected an indented block after class definition on line %d"} ;

function_def: decorators function_def_raw | function_def_raw ;
function_def_raw: invalid_def_raw | 'def' NAME &&'(' params? ')' ('->' expression)? &&':' block ;
invalid_def_raw:
    a='def' NAME '(' params? ')' ('->' expression)? ':' NEWLINE !INDENT
      {indentation a "expected an indented block after function definition on line %d"} ;

params: invalid_parameters | parameters ;
parameters:
    slash_no_default param_no_default* param_with_default* star_etc?
  | slash_with_default param_with_default* star_etc?
  | param_no_default+ param_with_default* star_etc?
  | param_with_default+ star_etc?
  | star_etc ;
slash_no_default: param_no_default+ '/' ',' | param_no_default+ '/' &')' ;
slash_with_default:
    param_no_default* param_with_default+ '/' ',' | param_no_default* param_with_default+ '/' &')' ;
star_etc:
    invalid_star_etc
  | '*' param_no_default param_maybe_default* kwds?
  | '*' param_no_default_star_annotation param_maybe_default* kwds?
  | '*' ',' param_maybe_default+ kwds?
  | kwds ;
kwds: invalid_kwds | '**' param_no_default ;
param_no_default: a=param ',' {value a} | param &')' ;
param_no_default_star_annotation: param_star_annotation ',' | param_star_annotation &')' ;
param_with_default: param default ',' | param default &')' ;
param_maybe_default: param default? ',' | param default? &')' ;
param: NAME annotation? ;
param_star_annotation: NAME ':' star_expression ;
annotation: ':' expression ;
default: '=' expression | invalid_default ;
invalid_default: a='=' &(')' | ',') {at a "expected default value expression"} ;
invalid_parameters:
    a='/' ',' {at a "at least one argument must precede /"}
  | (slash_no_default | slash_with_default) param_maybe_default* a='/' {at a "/ may appear only once"}
  | slash_no_default? param_no_default* (slash_with_default | param_with_default+) a=param_no_default
      {at a "parameter without a default follows parameter with a default"}
  | param_no_default* a='(' param_no_default+ ','? b=')' {range a b "Function parameters cannot be parenthesized"}
  | (slash_no_default | slash_with_default)? param_maybe_default* '*' (',' | param_no_default)
      param_maybe_default* a='/' {at a "/ must be ahead of *"}
  | param_maybe_default+ '/' a='*' {at a "expected comma between / and *"} ;
invalid_star_etc:
    a='*' (')' | ',' (')' | '**')) {at a "named arguments must follow bare *"}
  | '*' param a='=' {at a "var-positional argument cannot have default value"}
  | '*' (param_no_default | ',') param_maybe_default* a='*' (param_no_default | ',')
      {at a "* argument may appear only once"} ;
invalid_kwds:
    '**' param a='=' {at a "var-keyword argument cannot have default value"}
  | '**' param ',' a=param {at a "arguments cannot follow var-keyword argument"}
  | '**' param ',' a=('*' | '**' | '/') {at a "arguments cannot follow var-keyword argument"} ;

if_stmt:
    invalid_if_stmt
  | 'if' named_expression ':' block elif_stmt
  | 'if' named_expression ':' block else_block? ;
invalid_if_stmt:
    'if' named_expression NEWLINE {last "expected ':'"}
  | a='if' named_expression ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'if' statement on line %d"} ;
elif_stmt:
    invalid_elif_stmt
  | 'elif' named_expression ':' block elif_stmt
  | 'elif' named_expression ':' block else_block? ;
invalid_elif_stmt:
    'elif' named_expression NEWLINE {last "expected ':'"}
  | a='elif' named_expression ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'elif' statement on line %d"} ;
else_block: invalid_else_stmt | 'else' &&':' block ;
invalid_else_stmt:
    a='else' ':' NEWLINE !INDENT {indentation a "expected an indented block after 'else' statement on line %d"} ;

while_stmt: invalid_while_stmt | 'while' named_expression ':' block else_block? ;
invalid_while_stmt:
    'while' named_expression NEWLINE {last "expected ':'"}
  | a='while' named_expression ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'while' statement on line %d"} ;

for_stmt:
    invalid_for_stmt
  | 'for' star_targets 'in' ~ star_expressions ':' block else_block?
  | invalid_for_target ;
invalid_for_stmt:
    'for' star_targets 'in' star_expressions NEWLINE {last "expected ':'"}
  | a='for' star_targets 'in' star_expressions ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'for' statement on line %d"} ;
invalid_for_target: 'for' a=star_expressions {target a for} ;

with_stmt:
    invalid_with_stmt_indent
  | 'with' '(' ','.with_item+ ','? ')' ':' block
  | 'with' ','.with_item+ ':' block
  | invalid_with_stmt ;
with_item: expression 'as' star_target &(',' | ')' | ':') | invalid_with_item | expression ;
invalid_with_item: expression 'as' a=expression &(',' | ')' | ':') {target a star} ;
invalid_with_stmt:
    'with' ','.(expression ('as' star_target)?)+ NEWLINE {last "expected ':'"}
  | 'with' '(' ','.(expressions ('as' star_target)?)+ ','? ')' NEWLINE {last "expected ':'"} ;
invalid_with_stmt_indent:
    a='with' ','.(expression ('as' star_target)?)+ ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'with' statement on line %d"}
  | a='with' '(' ','.(expressions ('as' star_target)?)+ ','? ')' ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'with' statement on line %d"} ;

try_stmt:
    invalid_try_stmt
  | 'try' &&':' block finally_block
  | 'try' &&':' block except_block+ else_block? finally_block? ;
invalid_try_stmt:
    a='try' ':' NEWLINE !INDENT {indentation a "expected an indented block after 'try' statement on line %d"}
  | 'try' ':' block !('except' | 'finally') {last "expected 'except' or 'finally' block"} ;
except_block:
    invalid_except_stmt_indent
  | 'except' expression ('as' NAME)? ':' block
  | 'except' ':' block
  | invalid_except_stmt ;
invalid_except_stmt:
    'except' a=expression ',' expressions ('as' NAME)? ':' {from a "multiple exception types must be parenthesized"}
  | 'except' expression ('as' NAME)? NEWLINE {last "expected ':'"}
  | 'except' NEWLINE {last "expected ':'"} ;
invalid_except_stmt_indent:
    a='except' expression ('as' NAME)? ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'except' statement on line %d"}
  | a='except' ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'except' statement on line %d"} ;
finally_block: invalid_finally_stmt | 'finally' &&':' block ;
invalid_finally_stmt:
    a='finally' ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'finally' statement on line %d"} ;

match_stmt: a="match" subject_expr ':' NEWLINE INDENT "case" {refuse a} | invalid_match_stmt ;
subject_expr: star_named_expression ',' star_named_expressions? | named_expression ;
invalid_match_stmt:
    "match" subject_expr NEWLINE {last "expected ':'"}
  | a="match" subject_expr ':' NEWLINE !INDENT
      {indentation a "expected an indented block after 'match' statement on line %d"} ;

expressions: expression (',' expression)+ ','? {name "tuple"} | expression ',' {name "tuple"} | expression ;
expression (memo):
    invalid_expression
  | invalid_legacy_expression
  | disjunction 'if' disjunction 'else' expression {name "conditional expression"}
  | disjunction
  | lambdef ;
expression_without_invalid:
    disjunction 'if' disjunction 'else' expression {name "conditional expression"} | disjunction | lambdef ;
invalid_expression:
    !(NAME STRING | SOFT_KEYWORD) a=disjunction b=expression_without_invalid {comma a b}
  | a=disjunction 'if' b=disjunction !('else' | ':') {range a b "expected 'else' after 'if' expression"}
  | a='lambda' lambda_params? b=':' &FSTRING_MIDDLE
      {range a b "f-string: lambda expressions are not allowed without parentheses"} ;
invalid_legacy_expression: a=NAME !'(' b=star_expressions {legacy a b} ;
yield_expr: 'yield' 'from' expression {name "yield expression"} | 'yield' star_expressions? {name "yield expression"} ;
star_expressions:
    star_expression (',' star_expression)+ ','? {name "tuple"}
  | star_expression ',' {name "tuple"}
  | star_expression ;
star_expression (memo): '*' bitwise_or {name "starred"} | expression ;
star_named_expressions: ','.star_named_expression+ ','? ;
star_named_expression: '*' bitwise_or {name "starred"} | named_expression ;
assignment_expression: NAME ':=' ~ expression {name "named expression"} ;
named_expression: assignment_expression | invalid_named_expression | expression !':=' ;
invalid_named_expression (memo):
    a=expression ':=' expression {at a "cannot use assignment expressions with %s"}
  | a=NAME '=' b=bitwise_or !('=' | ':=')
      {range a b "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"}
  | !(list | tuple | genexp | 'True' | 'None' | 'False') a=bitwise_or '=' bitwise_or !('=' | ':=')
      {at a "cannot assign to %s here. Maybe you meant '==' instead of '='?"} ;

disjunction (memo): conjunction ('or' conjunction)* {fold "expression"} ;
conjunction (memo): inversion ('and' inversion)* {fold "expression"} ;
inversion (memo): 'not' inversion {name "expression"} | comparison ;
comparison: bitwise_or compare_pair* {fold "comparison"} ;
compare_pair:
    '==' bitwise_or | '!=' bitwise_or | '<=' bitwise_or | '<' bitwise_or | '>=' bitwise_or | '>' bitwise_or
  | 'not' 'in' bitwise_or | 'in' bitwise_or | 'is' 'not' bitwise_or | 'is' bitwise_or ;
bitwise_or (memo): bitwise_xor ('|' bitwise_xor)* {fold "expression"} ;
bitwise_xor (memo): bitwise_and ('^' bitwise_and)* {fold "expression"} ;
bitwise_and (memo): shift_expr ('&' shift_expr)* {fold "expression"} ;
shift_expr (memo): shift_start (('<<' | '>>') sum)* {fold "expression"} ;
shift_start: invalid_arithmetic | sum ;
invalid_arithmetic:
    sum ('+' | '-' | '*' | '/' | '%' | '//' | '@') a='not' b=inversion
      {range a b "'not' after an operator must be parenthesized"} ;
sum (memo): term (('+' | '-') term)* {fold "expression"} ;
term (memo): term_start (('*' | '/' | '//' | '%' | '@') factor)* {fold "expression"} ;
term_start: invalid_factor | factor ;
invalid_factor: ('+' | '-' | '~') a='not' b=factor {range a b "'not' after an operator must be parenthesized"} ;
factor (memo): ('+' | '-' | '~') factor {name "expression"} | power ;
power: primary '**' factor {name "expression"} | primary ;
primary (memo): atom primary_tail* {tail} ;
primary_tail:
    '.' NAME {name "attribute"} | genexp {name "function call"} | '(' arguments? ')' {name "function call"}
  | '[' slices ']' {name "subscript"} ;
slices: slice !',' | ','.(slice | starred_expression)+ ','? ;
slice: expression? ':' expression? (':' expression?)? | named_expression ;

atom:
    NAME {name "name"} | 'True' {name "True"} | 'False' {name "False"} | 'None' {name "None"}
  | &(STRING | FSTRING_START) strings | NUMBER {name "literal"}
  | &'(' a=(tuple | group | genexp) {value a} | &'[' a=(list | listcomp) {value a}
  | &'{' a=(dict | set | dictcomp | setcomp) {value a} | '...' {name "ellipsis"} ;
group: '(' a=(yield_expr | named_expression) ')' {value a} | invalid_group ;
invalid_group:
    '(' a=starred_expression ')' {at a "cannot use starred expression here"}
  | '(' a='**' expression ')' {at a "cannot use double starred expression here"} ;
lambdef: 'lambda' lambda_params? ':' expression {name "lambda"} ;
strings (memo): (fstring | STRING {name "literal"})+ {tail} ;
fstring: FSTRING_START fstring_middle* FSTRING_END {name "f-string expression"} ;
fstring_middle: fstring_replacement_field | FSTRING_MIDDLE ;
fstring_replacement_field:
    '{' annotated_rhs '='? ('!' NAME)? (':' fstring_format_spec*)? '}' | invalid_replacement_field ;
fstring_format_spec: FSTRING_MIDDLE | fstring_replacement_field ;
invalid_replacement_field:
    '{' a='=' {at a "f-string: valid expression required before '='"}
  | '{' a='!' {at a "f-string: valid expression required before '!'"}
  | '{' a=':' {at a "f-string: valid expression required before ':'"}
  | '{' a='}' {at a "f-string: valid expression required before '}'"}
  | '{' !annotated_rhs {next "f-string: expecting a valid expression after '{'"}
  | '{' annotated_rhs !('=' | '!' | ':' | '}') {next "f-string: expecting '=', or '!', or ':', or '}'"}
  | '{' annotated_rhs '=' !('!' | ':' | '}') {next "f-string: expecting '!', or ':', or '}'"}
  | '{' annotated_rhs '='? invalid_conversion_character
  | '{' annotated_rhs '='? ('!' NAME)? !(':' | '}') {next "f-string: expecting ':' or '}'"}
  | '{' annotated_rhs '='? ('!' NAME)? ':' fstring_format_spec* !'}' {next "f-string: expecting '}', or format specs"}
  | '{' annotated_rhs '='? ('!' NAME)? !'}' {next "f-string: expecting '}'"} ;
invalid_conversion_character:
    '!' &(':' | '}') {next "f-string: missing conversion character"}
  | '!' !NAME {next "f-string: invalid conversion character"} ;

lambda_params: invalid_lambda_parameters | lambda_parameters ;
lambda_parameters:
    lambda_slash_no_default lambda_param_no_default* lambda_param_with_default* lambda_star_etc?
  | lambda_slash_with_default lambda_param_with_default* lambda_star_etc?
  | lambda_param_no_default+ lambda_param_with_default* lambda_star_etc?
  | lambda_param_with_default+ lambda_star_etc?
  | lambda_star_etc ;
lambda_slash_no_default: lambda_param_no_default+ '/' ',' | lambda_param_no_default+ '/' &':' ;
lambda_slash_with_default:
    lambda_param_no_default* lambda_param_with_default+ '/' ','
  | lambda_param_no_default* lambda_param_with_default+ '/' &':' ;
lambda_star_etc:
    invalid_lambda_star_etc
  | '*' lambda_param_no_default lambda_param_maybe_default* lambda_kwds?
  | '*' ',' lambda_param_maybe_default+ lambda_kwds?
  | lambda_kwds ;
lambda_kwds: invalid_lambda_kwds | '**' lambda_param_no_default ;
lambda_param_no_default: a=lambda_param ',' {value a} | lambda_param &':' ;
lambda_param_with_default: lambda_param default ',' | lambda_param default &':' ;
lambda_param_maybe_default: lambda_param default? ',' | lambda_param default? &':' ;
lambda_param: NAME ;
invalid_lambda_parameters:
    a='/' ',' {at a "at least one argument must precede /"}
  | (lambda_slash_no_default | lambda_slash_with_default) lambda_param_maybe_default* a='/'
      {at a "/ may appear only once"}
  | lambda_slash_no_default? lambda_param_no_default* (lambda_slash_with_default | lambda_param_with_default+)
      a=lambda_param_no_default {at a "parameter without a default follows parameter with a default"}
  | lambda_param_no_default* a='(' ','.lambda_param+ ','? b=')'
      {range a b "Lambda expression parameters cannot be parenthesized"}
  | (lambda_slash_no_default | lambda_slash_with_default)? lambda_param_maybe_default* '*'
      (',' | lambda_param_no_default) lambda_param_maybe_default* a='/' {at a "/ must be ahead of *"}
  | lambda_param_maybe_default+ '/' a='*' {at a "expected comma between / and *"} ;
invalid_lambda_star_etc:
    '*' (':' | ',' (':' | '**')) {last "named arguments must follow bare *"}
  | '*' lambda_param a='=' {at a "var-positional argument cannot have default value"}
  | '*' (lambda_param_no_default | ',') lambda_param_maybe_default* a='*' (lambda_param_no_default | ',')
      {at a "* argument may appear only once"} ;
invalid_lambda_kwds:
    '**' lambda_param a='=' {at a "var-keyword argument cannot have default value"}
  | '**' lambda_param ',' a=lambda_param {at a "arguments cannot follow var-keyword argument"}
  | '**' lambda_param ',' a=('*' | '**' | '/') {at a "arguments cannot follow var-keyword argument"} ;

list: '[' star_named_expressions? ']' {name "list"} ;
tuple: '(' (star_named_expression ',' star_named_expressions?)? ')' {name "tuple"} ;
set: '{' star_named_expressions '}' {name "set display"} ;
dict: '{' double_starred_kvpairs? '}' {name "dict literal"} | '{' invalid_double_starred_kvpairs '}' ;
double_starred_kvpairs: ','.double_starred_kvpair+ ','? ;
double_starred_kvpair: '**' bitwise_or | kvpair ;
kvpair: expression ':' expression ;
invalid_double_starred_kvpairs:
    ','.double_starred_kvpair+ ',' invalid_kvpair
  | expression ':' a='*' bitwise_or {from a "cannot use a starred expression in a dictionary value"}
  | expression a=':' &('}' | ',') {at a "expression expected after dictionary key and ':'"} ;
invalid_kvpair:
    a=expression !':' {key a "':' expected after dictionary key"}
  | expression ':' a='*' bitwise_or {from a "cannot use a starred expression in a dictionary value"}
  | expression a=':' &('}' | ',') {at a "expression expected after dictionary key and ':'"} ;

for_if_clauses: for_if_clause+ ;
for_if_clause:
    'for' star_targets 'in' ~ disjunction ('if' disjunction)* | invalid_for_if_clause | invalid_for_target ;
invalid_for_if_clause: 'for' (bitwise_or (',' bitwise_or)* ','?) !'in' {last "'in' expected after for-loop variables"} ;
listcomp: '[' named_expression for_if_clauses ']' {name "list comprehension"} | invalid_comprehension ;
setcomp: '{' named_expression for_if_clauses '}' {name "set comprehension"} | invalid_comprehension ;
genexp:
    '(' (assignment_expression | expression !':=') for_if_clauses ')' {name "generator expression"}
  | invalid_comprehension ;
dictcomp: '{' kvpair for_if_clauses '}' {name "dict comprehension"} | invalid_dict_comprehension ;
invalid_comprehension:
    ('[' | '(' | '{') a=starred_expression for_if_clauses
      {at a "iterable unpacking cannot be used in comprehension"}
  | ('[' | '{') a=star_named_expression ',' b=star_named_expressions for_if_clauses
      {range a b "did you forget parentheses around the comprehension target?"}
  | ('[' | '{') a=star_named_expression b=',' for_if_clauses
      {range a b "did you forget parentheses around the comprehension target?"} ;
invalid_dict_comprehension:
    '{' a='**' bitwise_or for_if_clauses '}' {at a "dict unpacking cannot be used in dict comprehension"} ;

arguments (memo): args ','? &')' | invalid_arguments ;
args: ','.positional+ (',' kwargs)? | kwargs ;
positional: (starred_expression | (assignment_expression | expression !':=') !'=') ;
kwargs: ','.kwarg_or_starred+ ',' ','.kwarg_or_double_starred+ | ','.kwarg_or_starred+ | ','.kwarg_or_double_starred+ ;
starred_expression: invalid_starred_assignment | '*' expression {name "starred"} | invalid_starred_expression ;
invalid_starred_assignment: a='*' expression '=' b=expression {range a b "cannot assign to iterable argument unpacking"} ;
invalid_starred_expression: '*' {last "Invalid star expression"} ;
kwarg_or_starred: invalid_kwarg | NAME '=' expression {name "keyword"} | starred_expression ;
kwarg_or_double_starred: invalid_kwarg | NAME '=' expression {name "keyword"} | '**' expression {name "**"} ;
invalid_arguments:
    (','.positional+ ',' kwargs | kwargs) a=',' ','.(starred_expression !'=')+
      {from a "iterable argument unpacking follows keyword argument unpacking"}
  | a=expression b=for_if_clauses ',' (args | expression for_if_clauses)?
      {range a b "Generator expression must be parenthesized"}
  | a=NAME b='=' expression for_if_clauses
      {range a b "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"}
  | (args ',')? a=NAME b='=' &(',' | ')') {range a b "expected argument value expression"}
  | a=args b=for_if_clauses {generator a b}
  | args ',' a=expression b=for_if_clauses {range a b "Generator expression must be parenthesized"}
  | a=args ',' args {arguments a} ;
invalid_kwarg:
    a=('True' | 'False' | 'None') b='=' {range a b "cannot assign to %s"}
  | a=NAME b='=' expression for_if_clauses
      {range a b "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"}
  | !(NAME '=') a=expression b='=' {range a b "expression cannot contain assignment, perhaps you meant \"==\"?"}
  | a='**' expression '=' b=expression {range a b "cannot assign to keyword argument unpacking"} ;

star_targets: star_target !',' | star_target (',' star_target)* ','? {name "tuple"} ;
star_targets_list_seq: ','.star_target+ ','? ;
star_targets_tuple_seq: star_target (',' star_target)+ ','? | star_target ',' ;
star_target (memo): '*' !'*' star_target {name "starred"} | target_with_star_atom ;
target_with_star_atom (memo): t_primary '.' NAME !t_lookahead | t_primary '[' slices ']' !t_lookahead | star_atom ;
star_atom:
    NAME | '(' target_with_star_atom ')' | '(' star_targets_tuple_seq? ')' | '[' star_targets_list_seq? ']' ;
single_target: single_subscript_attribute_target | NAME | '(' single_target ')' ;
single_subscript_attribute_target: t_primary '.' NAME !t_lookahead | t_primary '[' slices ']' !t_lookahead ;
t_primary (memo): atom &t_lookahead t_tail* ;
t_tail:
    '.' NAME &t_lookahead | '[' slices ']' &t_lookahead | genexp &t_lookahead | '(' arguments? ')' &t_lookahead ;
t_lookahead: '(' | '[' | '.' ;
del_targets: ','.del_target+ ','? ;
del_target (memo): t_primary '.' NAME !t_lookahead | t_primary '[' slices ']' !t_lookahead | del_t_atom ;
del_t_atom: NAME | '(' del_target ')' | '(' del_targets? ')' | '[' del_targets? ']' ;
)grammar";

}  // namespace mini::compile
